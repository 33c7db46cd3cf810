"""Standing states and forecasts against the reference fold (I5), and the digests along every timeline (I7)."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.serving.forecaster import Forecaster
from stream.services.comparing.difference import difference, numbers
from stream.services.recovery.suspects import held
from stream.services.verify.chains import patients_with_folds
from stream.services.verify.finding import Finding
from stream.services.verify.reference import (
    Expected,
    PatientFacts,
    ScanRevision,
    TreatmentRevision,
    reference_fold,
)
from stream.storage import forecasts
from stream.storage.database import Connection
from stream.storage.table_scan import ALL, one_snapshot
from stream.storage.timelines import read_timelines
from stream.timeline.entries import Timeline
from stream.timeline.planning import digests

TOLERANCE = 1e-6
"""CPU against CPU (DESIGN I5); against another device it is 1e-5."""
BATCH = 100
PATIENCE_SECONDS, PAUSE_SECONDS = 30.0, 0.5
"""For facts on their way to a fold: a sweep and a batch under load, several times over."""


@dataclass
class _Judge:
    """Compares timelines with their reference fold; those that facts are on their way to are left for later."""

    connection: Connection
    forecasters: Sequence[Forecaster]
    tolerance: float
    fold: Finding
    chain: Finding

    def judge(self, patients: Sequence[str], whatever: bool = False) -> list[str]:
        """Check `patients` as of one moment; returns those to look at again (none if `whatever`)."""
        with one_snapshot(self.connection):
            lines = read_timelines(self.connection, patients)
            settled = [line for line in lines if whatever or not line.unseen]
            batch = [line.patient_id for line in settled]
            facts, standing = _facts(self.connection, batch), _standing(self.connection, batch)
        for line in settled:
            _check_placements(self.chain, line)
            for forecaster in self.forecasters:
                rows = standing.get((line.patient_id, forecaster.weights_version), {})
                expected = reference_fold(facts[line.patient_id], forecaster)
                _compare(self.fold, line.patient_id, {one.scan_uid: one for one in expected}, rows, self.tolerance)
                _check_chain(self.chain, line, forecaster, rows)
        return [line.patient_id for line in lines if line not in settled]


def standing_folds(
    connection: Connection, forecasters: Sequence[Forecaster], tolerance: float = TOLERANCE, percent: float = ALL,
    patience_seconds: float = PATIENCE_SECONDS,
) -> list[Finding]:  # fmt: skip
    """I5 and the timeline part of I7, timeline by timeline; a timeline that is being folded gets a while for it."""
    fold = Finding("I5", "standing states and forecasts equal the reference fold")
    chain = Finding("I7 timelines", "every standing state's digest equals the one of its facts")
    for_a_person = held(connection)  # these wait for a decision, and not for a fold
    active = {
        row[0] for row in connection.execute("SELECT weights_version FROM core.active_weights WHERE until IS NULL")
    }
    forecasters = [forecaster for forecaster in forecasters if forecaster.weights_version in active]
    judge = _Judge(connection, forecasters, tolerance, fold, chain)
    waiting = [
        one
        for batch in patients_with_folds(connection, percent)
        for one in judge.judge([patient for patient in batch if patient not in for_a_person])
    ]
    until = time.monotonic() + patience_seconds
    while waiting and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
        waiting = [one for batch in _batches(waiting) for one in judge.judge(batch)]
    for batch in _batches(waiting):
        judge.judge(batch, whatever=True)
    return [fold, chain]


def _batches(patients: list[str]) -> Iterator[list[str]]:
    return (patients[start : start + BATCH] for start in range(0, len(patients), BATCH))


def _compare(
    finding: Finding, patient_id: str, expected: dict[str, Expected], rows: dict[str, dict[str, Any]], tolerance: float
) -> None:
    for scan_uid in expected.keys() | rows.keys():
        one, row = expected.get(scan_uid), rows.get(scan_uid)
        where = f"states/forecasts patient_id={patient_id} scan_uid={scan_uid}"
        if one is None or row is None:
            finding.check(False, f"{where} {'stands without ground' if one is None else 'is missing'}")
        else:
            finding.check(_equal(one, row, tolerance), where)


def _equal(one: Expected, row: dict[str, Any], tolerance: float) -> bool:
    state = np.frombuffer(row["state"] or b"", "<f4")
    same = (one.revision, one.at, one.position) == (row["revision"], row["at"], row["position"])
    expected, stands = dict(map(numbers, one.forecasts)), dict(numbers(said) for said, _ in row["forecasts"])
    return (
        same
        and state.shape == one.state.shape
        and bool(np.abs(state - one.state).max(initial=0) <= tolerance)
        and all(disease == one.disease for _, disease in row["forecasts"])
        and all(difference(expected.get(what), stands.get(what)) <= tolerance for what in expected.keys() | stands)
    )


def _standing(connection: Connection, patients: Sequence[str]) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """(patient, weights) → scan_uid → its standing state and forecasts."""
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    query = """SELECT patient_id, weights_version, scan_uid, revision, at, position, state, digest FROM core.states
    WHERE superseded_by IS NULL AND patient_id = ANY(%s)"""
    for patient_id, version, scan_uid, *values in connection.execute(query, [list(patients)]):
        names = ("revision", "at", "position", "state", "digest")
        row = dict(zip(names, values, strict=True), forecasts=[])
        found.setdefault((patient_id, version), {})[scan_uid] = row
    for (patient_id, version, scan_uid), disease, said in forecasts.read_standing(connection, patients):
        row = found.setdefault((patient_id, version), {}).setdefault(scan_uid, _nothing())
        row["forecasts"].append((said, disease))
    return found


def _nothing() -> dict[str, Any]:
    return {"revision": None, "at": None, "position": None, "state": b"", "digest": b"", "forecasts": []}


def _check_placements(finding: Finding, line: Timeline) -> None:
    placed = {(row.kind, row.id, row.revision, row.at) for row in line.placements}
    wanted = {(entry.kind, entry.id, entry.revision, entry.at) for entry in line.entries}
    finding.check(placed == wanted, f"placements patient_id={line.patient_id}")


def _check_chain(finding: Finding, line: Timeline, forecaster: Forecaster, rows: Mapping[str, dict[str, Any]]) -> None:
    links = {entry.id: link for entry, link in digests(line, forecaster)}
    for scan_uid, row in rows.items():
        holds = links.get(scan_uid) == row["digest"]
        finding.check(holds, f"states digest patient_id={line.patient_id} scan_uid={scan_uid}")


def _facts(connection: Connection, patients: Sequence[str]) -> dict[str, PatientFacts]:
    """All accepted facts of `patients`, resolved by plain Python over aliases and assignments."""
    parents = dict(connection.execute("SELECT patient_id, into_patient_id FROM core.aliases").fetchall())
    wanted = set(patients)
    facts = {patient_id: PatientFacts(patient_id) for patient_id in patients}

    def root(patient_id: str) -> str:
        while patient_id in parents:
            patient_id = parents[patient_id]
        return patient_id

    members = [patient for patient in {*parents, *wanted} if root(patient) in wanted]
    for owner, *values in connection.execute(SCANS, {"members": members}):
        if root(owner) in wanted:
            facts[root(owner)].scans.append(ScanRevision(*values))
    for owner, *values in connection.execute(TREATMENTS, {"members": members}):
        facts[root(owner)].treatments.append(TreatmentRevision(*values))
    query = "SELECT received_as, revision, facts FROM core.clinical WHERE received_as = ANY(%(members)s)"
    for owner, *values in connection.execute(query, {"members": members}):
        facts[root(owner)].clinical.append((owner, *values))
    return facts


SCANS = """SELECT coalesce(a.patient_id, s.received_as), r.scan_uid, r.revision, r.acquired_at, f.disease, f.x,
  EXISTS (SELECT FROM core.rejections j WHERE j.scan_uid = r.scan_uid AND j.revision >= r.revision AND NOT j.withdrawn
    AND NOT EXISTS (SELECT FROM core.rejections n WHERE n.scan_uid = j.scan_uid AND n.revision = j.revision
      AND n.number > j.number))
  OR EXISTS (SELECT FROM core.set_asides i WHERE i.scan_uid = r.scan_uid AND i.revision = r.revision
    AND coalesce(i.decision, '') <> 'released')
FROM core.scans s LEFT JOIN core.assignments a USING (scan_uid) JOIN core.revisions r USING (scan_uid)
JOIN LATERAL (SELECT disease, x FROM core.features WHERE scan_uid = r.scan_uid AND revision = r.revision
  ORDER BY cardinality(x) DESC LIMIT 1) f ON true
WHERE coalesce(a.patient_id, s.received_as) = ANY(%(members)s)"""

TREATMENTS = """SELECT received_as, treatment_id, revision, at, name, kind, start_at, end_at, withdrawn
FROM core.treatments WHERE received_as = ANY(%(members)s)"""
