"""What scans say of lesions: as it was read from them, of scans measured before that was kept as their values tell."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import psycopg

from models.criteria.finding import LesionFinding, from_json
from models.criteria.from_measurements import findings_from, stated_sum_mm
from models.criteria.place import Registration
from models.measurement import Measurement
from stream.storage.folding.timeline_queries import OWN, Parameters
from stream.timeline.entries import ScanFindings

Findings = Mapping[tuple[str, int], ScanFindings]
"""(scan_uid, revision) → what is said."""

READ = """SELECT o.root, f.scan_uid, f.revision, f.lesions::text, f.stated_sum_mm, f.time_point, f.registrations
FROM own o JOIN core.findings f USING (scan_uid)"""

MEASURED = """SELECT o.root, m.scan_uid, m.revision, m.measurement, m.value, m.source, m.lesion_uid, m.lesion_label,
  m.body_site
FROM own o JOIN core.measurements m USING (scan_uid)
WHERE NOT EXISTS (SELECT FROM core.findings f WHERE f.scan_uid = m.scan_uid AND f.revision = m.revision)
ORDER BY m.scan_uid, m.revision, m.number"""


def read_findings(connection: psycopg.Connection, patients: Sequence[str]) -> dict[str, Findings]:
    """Of every revision on the timelines of `patients`, by patient."""
    return findings_of(connection, OWN, {"patients": list(patients)}, patients)


def findings_of(
    connection: psycopg.Connection, own: str, these: Parameters, patients: Iterable[str]
) -> dict[str, Findings]:
    """Of the scans that the query `own` names with its parameters `these`, by each of `patients`."""
    found: dict[str, dict[tuple[str, int], ScanFindings]] = {patient_id: {} for patient_id in patients}
    for patient_id, uid, revision, lesions, *rest in connection.execute(own + READ, these).fetchall():
        sum_mm, time_point, stated = rest
        registrations = tuple(Registration(source, target, tuple(matrix)) for source, target, matrix in stated or [])
        said = ScanFindings(_lesions(lesions), sum_mm, time_point, registrations)
        found[patient_id][uid, revision] = said
    values: dict[tuple[str, str, int], list[Measurement]] = defaultdict(list)
    for patient_id, uid, revision, *measured in connection.execute(own + MEASURED, these).fetchall():
        values[patient_id, uid, revision].append(Measurement(*measured))
    for (patient_id, uid, revision), measurements in values.items():
        lesions = findings_from(measurements)
        found[patient_id][uid, revision] = ScanFindings(lesions, None if lesions else stated_sum_mm(measurements))
    return dict(found)


@lru_cache(maxsize=20_000)
def _lesions(text: str) -> tuple[LesionFinding, ...]:
    """Read once for every time that a timeline is folded again; what is the same object is compared at once."""
    return tuple(map(from_json, json.loads(text)))
