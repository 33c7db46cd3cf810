"""Standing states and forecasts against the reference fold (I5), and the digests along every timeline (I7)."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.forecast import Forecast
from models.serving.forecaster import Forecaster
from stream.services.comparing.difference import difference, numbers
from stream.services.verify.chains import patients_with_folds
from stream.services.verify.checked_course import check_course
from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.services.verify.reading import StandsAfterScan, read_facts, read_standing
from stream.services.verify.reference import ExpectedStep, course_of_facts, reference_fold
from stream.storage.database import Connection
from stream.storage.folding.active_weights import active_versions
from stream.storage.folding.timelines import read_timelines
from stream.storage.intake.set_asides import held_timelines
from stream.storage.table_scan import ALL, one_snapshot
from stream.timeline.entries import ScanEntry, Timeline
from stream.timeline.links import digests

TOLERANCE = 1e-6
"""CPU against CPU (I5, docs/protocol.md 8); against another device it is 1e-5."""
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
    course: Finding

    def judge(self, patients: Sequence[str], whatever: bool = False) -> list[str]:
        """Check `patients` as of one moment; returns those to look at again (none if `whatever`)."""
        with one_snapshot(self.connection):
            timelines = read_timelines(self.connection, patients)
            settled = [timeline for timeline in timelines if whatever or not timeline.unseen]
            batch = [timeline.patient_id for timeline in settled]
            facts, standing = read_facts(self.connection, batch), read_standing(self.connection, batch)
        for timeline in settled:
            patient_id = timeline.patient_id
            _check_placements(self.chain, timeline)
            check_course(self.course, timeline, course_of_facts(facts[patient_id], self._endpoints(timeline)))
            for forecaster in self.forecasters:
                rows = standing.get((patient_id, forecaster.weights_version), {})
                expected = {step.scan_uid: step for step in reference_fold(facts[patient_id], forecaster)}
                _compare(self.fold, patient_id, expected, rows, self.tolerance)
                _check_chain(self.chain, timeline, forecaster, rows)
        return [timeline.patient_id for timeline in timelines if timeline not in settled]

    def _endpoints(self, timeline: Timeline) -> set[str]:
        """Those that any weights forecast for a disease of the timeline's scans."""
        scans = [entry for entry in timeline.entries if isinstance(entry, ScanEntry)]
        diseases = {timeline.disease_of(features.disease) for scan in scans for features in scan.features.values()}
        cards = [each.card for each in self.forecasters if diseases & set(each.card.applies_to.diseases)]
        return {each.endpoint for card in cards for each in card.endpoints}


def standing_folds(
    connection: Connection,
    forecasters: Sequence[Forecaster],
    tolerance: float = TOLERANCE,
    percent: float = ALL,
    patience_seconds: float = PATIENCE_SECONDS,
) -> list[Finding]:
    """I5, the timeline part of I7 and the course, timeline by timeline; one that is being folded gets a while."""
    fold, chain = Finding.of(Invariant.REFERENCE_FOLD), Finding.of(Invariant.CHAIN_OF_FACTS)
    course = Finding.of(Invariant.REFERENCE_COURSE)
    for_a_person = held_timelines(connection)  # these wait for a decision, and not for a fold
    active = active_versions(connection)
    judge = _Judge(
        connection, [each for each in forecasters if each.weights_version in active], tolerance, fold, chain, course
    )
    waiting = [
        patient_id
        for batch in patients_with_folds(connection, percent)
        for patient_id in judge.judge([patient_id for patient_id in batch if patient_id not in for_a_person])
    ]
    until = time.monotonic() + patience_seconds
    while waiting and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
        waiting = [patient_id for batch in _batches(waiting) for patient_id in judge.judge(batch)]
    for batch in _batches(waiting):
        judge.judge(batch, whatever=True)
    return [fold, chain, course]


def _batches(patients: list[str]) -> Iterator[list[str]]:
    return (patients[start : start + BATCH] for start in range(0, len(patients), BATCH))


def _compare(
    finding: Finding,
    patient_id: str,
    expected: Mapping[str, ExpectedStep],
    rows: Mapping[str, StandsAfterScan],
    tolerance: float,
) -> None:
    for scan_uid in expected.keys() | rows.keys():
        step, row = expected.get(scan_uid), rows.get(scan_uid)
        where = f"states/forecasts patient_id={patient_id} scan_uid={scan_uid}"
        if step is None or row is None:
            finding.check(False, f"{where} {'stands without ground' if step is None else 'is missing'}")
        else:
            finding.check(_equal(step, row, tolerance), where)


def _equal(step: ExpectedStep, row: StandsAfterScan, tolerance: float) -> bool:
    state = np.frombuffer(row.state or b"", "<f4")
    return (
        (step.revision, step.at, step.position) == (row.revision, row.at, row.position)
        and state.shape == step.state.shape
        and bool(np.abs(state - step.state).max(initial=0) <= tolerance)
        and all(each.disease == step.disease for each in (*row.forecasts, *row.ended))
        and _same(step.forecasts, [each.forecast for each in row.forecasts], tolerance)
        and _was_said(step, [each.forecast for each in row.ended], tolerance)
    )


def _same(expected: Sequence[Forecast], found: Sequence[Forecast], tolerance: float) -> bool:
    said, rows = dict(map(numbers, expected)), dict(map(numbers, found))
    return all(difference(said.get(what), rows.get(what)) <= tolerance for what in said.keys() | rows)


def _was_said(step: ExpectedStep, ended: Sequence[Forecast], tolerance: float) -> bool:
    """Whether all that must have been made was; of a question that closed late more, if the model said it."""
    subjects = {subject for subject, _ in map(numbers, ended)}
    must = {subject for subject, _ in map(numbers, step.ended)}
    said = [each for each in step.said if numbers(each)[0] in subjects]
    return must <= subjects and _same(said, ended, tolerance)


def _check_placements(finding: Finding, timeline: Timeline) -> None:
    placed = {(row.kind, row.id, row.revision, row.at) for row in timeline.placements}
    wanted = {(entry.kind, entry.id, entry.revision, entry.at) for entry in timeline.entries}
    finding.check(placed == wanted, f"placements patient_id={timeline.patient_id}")


def _check_chain(
    finding: Finding, timeline: Timeline, forecaster: Forecaster, rows: Mapping[str, StandsAfterScan]
) -> None:
    links = {entry.id: link for entry, link in digests(timeline, forecaster)}
    for scan_uid, row in rows.items():
        holds = links.get(scan_uid) == row.digest
        finding.check(holds, f"states digest patient_id={timeline.patient_id} scan_uid={scan_uid}")
