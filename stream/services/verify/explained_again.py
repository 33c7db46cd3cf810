"""Kept explanations: each current risk has one, and it says what is said when the timeline is explained anew."""

import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.serving.forecaster import Forecaster
from stream.services.explaining import explain
from stream.services.verify.chains import patients_with_folds
from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.storage.database import Connection
from stream.storage.reading import views
from stream.storage.table_scan import ALL, one_snapshot

TIMELINES = 50
"""Explained anew, by chance: one takes as long as dozens of steps."""
TOLERANCE = 1e-6
"""As a share of a number above 1: explanations are worked out on the CPU, wherever they are (docs/protocol.md 8)."""
_PASSED = re.compile(r"(?:less than a|([\d.]+)) days? passed")
"""How long it was between two scans, in whole days; what earlier versions kept says tenths too."""
_ROUNDED_DAYS = 0.55
"""How far whole days lie from such tenths at most, which were rounded themselves."""
MISSING = """
SELECT DISTINCT c.patient_id, c.endpoint FROM scanstream.current_risk c
WHERE c.patient_id = ANY(%(patients)b::text[])
  AND NOT EXISTS (SELECT FROM core.unexplained u WHERE u.patient_id = c.patient_id)
  AND NOT EXISTS (SELECT FROM scanstream.explanation e WHERE e.patient_id = c.patient_id AND e.endpoint = c.endpoint
    AND e.weights_version = c.weights_version AND e.scan_uid = c.scan_uid AND e.computed_at = c.computed_at
    AND e.says IS NOT NULL)"""
EXPLAINED = "SELECT DISTINCT patient_id FROM core.explanations"


def explained_again(connection: Connection, forecasters: Sequence[Forecaster], percent: float = ALL) -> Finding:
    """What is missing, of `percent` of the timelines; what is there, of TIMELINES; `forecasters`: all that are kept."""
    finding = Finding.of(Invariant.EXPLAINED_AGAIN)
    for patients in patients_with_folds(connection, percent):
        missing = connection.execute(MISSING, {"patients": patients}).fetchall()
        finding.fail_each(len(patients), (f"explanations patient_id={who} lacks {what}" for who, what in missing))
    explained = [patient for (patient,) in connection.execute(EXPLAINED).fetchall()]
    by_version = {one.weights_version: one for one in forecasters}
    for patient in random.sample(explained, min(TIMELINES, len(explained))):
        for endpoint, equal in _compared(connection, patient, by_version):
            finding.check(
                equal, f"explanations patient_id={patient} endpoint={endpoint}: worked out anew it is another"
            )
    return finding


def _compared(connection: Connection, patient: str, by_version: Mapping[str, Forecaster]) -> Iterator[tuple[str, bool]]:
    """By endpoint whether what is kept of a patient's current risks is what is said anew."""
    with one_snapshot(connection):
        rows = [row for row in views.explained(connection, patient) if row["says"] is not None]
        timepoints, leads = views.timepoints(connection, patient), views.leads(connection)
    kept = {(row["endpoint"], row["scan_uid"]): row["says"] for row in rows}
    for each in explain(rows, timepoints, leads, by_version.__getitem__):
        yield each.endpoint, same(kept[each.endpoint, each.scan_uid], each.to_json())


def same(kept: Any, said: Any) -> bool:
    """Whether two values of JSON are equal but for rounding; sentences, which hold rounded numbers, are left out."""
    if isinstance(kept, dict) and isinstance(said, dict):
        return kept.keys() == said.keys() and all(name == "says" or same(kept[name], said[name]) for name in kept)
    if isinstance(kept, list) and isinstance(said, list):
        return len(kept) == len(said) and all(map(same, kept, said))
    if isinstance(kept, float) and isinstance(said, float):
        return math.isclose(kept, said, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(kept == said) or _same_days(kept, said)


def _same_days(kept: Any, said: Any) -> bool:
    """Whether both say how many days passed, and the tenths that were kept round to what is said."""
    found = [_PASSED.fullmatch(words) if isinstance(words, str) else None for words in (kept, said)]
    days = [float(each[1] or 0) for each in found if each]
    return len(days) == 2 and "." in kept and abs(days[0] - days[1]) <= _ROUNDED_DAYS
