"""The worklist: every row of the table that pages read says what stands, and no patient is missing."""

from stream.services.verify.chains import patients_with_folds
from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.storage.database import Connection
from stream.storage.table_scan import ALL

DIFFERENT = """
SELECT coalesce(w.patient_id, a.patient_id)
FROM (SELECT * FROM core.worklist WHERE patient_id = ANY(%(patients)b::text[])) w
FULL JOIN core.worklist_afresh(%(patients)b::text[]) a ON a.patient_id = w.patient_id
WHERE w IS DISTINCT FROM a"""
LOOSE = """
SELECT patient_id FROM core.worklist w
WHERE NOT EXISTS (SELECT FROM core.heads h WHERE h.patient_id = w.patient_id)"""


def worklist(connection: Connection, percent: float = ALL) -> Finding:
    """Rows of core.worklist against the standing rows they are made of; one statement sees one moment."""
    finding = Finding.of(Invariant.WORKLIST)
    for patients in patients_with_folds(connection, percent):
        different = connection.execute(DIFFERENT, {"patients": patients}).fetchall()
        finding.fail_each(len(patients), (f"worklist patient_id={patient}" for (patient,) in different))
    finding.fail_each(0, (f"worklist patient_id={patient} has no head" for (patient,) in connection.execute(LOOSE)))
    return finding
