"""Facts that people and other systems know of a patient: treatments, clinical facts, outcomes, earlier visits."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from models.criteria.finding import LesionFinding, LesionState
from stream.measured_scan import MeasuredScan
from stream.services.measuring.measurement import feature_rows, finding_rows, measurement_rows
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.patients.facts import FactRow, append_if_changed, standing_clinical
from stream.timeline.digest import digest
from stream.vocabulary import Completeness, Status

CODED = frozenset(
    {"baseline_date", "treatment_start", "age", "sex", "race", "menopausal_status", "hr", "her2", "mammaprint"}
)
"""Clinical facts in a few words or numbers, which may be somebody's name by chance."""


@dataclass(frozen=True)
class Treatment:
    """A treatment of a patient; `by_day`: its dates are days, so it stands at the end of the first one.

    `line`: the line of therapy that it is said to belong to, counted from 1.
    """

    received_as: str
    name: str
    kind: str
    start_at: dt.datetime
    end_at: dt.datetime | None
    by_day: bool = True
    withdrawn: bool = False
    line: int | None = None

    @property
    def treatment_id(self) -> str:
        """H(received_as, start, name, kind): entered again, it is the same treatment."""
        return digest(self.received_as, self.start_at, self.name, self.kind).hex()[:32]

    @property
    def at(self) -> dt.datetime:
        """Where it stands on the timeline."""
        return self.start_at + dt.timedelta(days=1, microseconds=-1) if self.by_day else self.start_at


@dataclass(frozen=True)
class Outcome:
    """What really happened to a patient; `at` None: the day is not known."""

    received_as: str
    endpoint: str
    at: dt.datetime | None
    event: bool
    withdrawn: bool = False


@dataclass(frozen=True)
class ImportedVisit:
    """An earlier visit that is imported: a scan of its own, final at once."""

    scan_uid: str
    received_as: str
    acquired_at: dt.datetime
    disease: str
    measured: MeasuredScan


def accept_treatments(connection: Connection, treatments: Iterable[Treatment], now: dt.datetime) -> set[str]:
    """Append what is new or changed (revision + 1); returns the patients it is about."""
    treatments, facts = list(treatments), []
    for treatment in treatments:
        values = {name: getattr(treatment, name) for name in ("end_at", "withdrawn", "line")}
        names = ("received_as", "name", "kind", "start_at", "at")
        row = {**{name: getattr(treatment, name) for name in names}, "accepted_at": now, **values}
        facts.append(FactRow(treatment.treatment_id, row, values))
    revisions = append_if_changed(connection, schema.treatments, "treatment_id", facts)
    return {one.received_as for one, revision in zip(treatments, revisions, strict=True) if revision}


def accept_clinical(
    connection: Connection, patients: Iterable[tuple[str, Mapping[str, Any]]], now: dt.datetime
) -> set[str]:
    """Append clinical facts that are new or changed; returns the patients they are about.

    What was told of other names goes on standing: tables of different columns add up in any order. None takes back.
    """
    patients, rows = list(patients), []
    standing = standing_clinical(connection, [received_as for received_as, _ in patients])
    for received_as, facts in patients:
        standing[received_as] = {**standing.get(received_as, {}), **_in_our_words(facts)}
        values = {"facts": standing[received_as]}
        rows.append(FactRow(received_as, {"accepted_at": now, **values}, values))
    revisions = append_if_changed(connection, schema.clinical, "received_as", rows)
    return {row.key for row, revision in zip(rows, revisions, strict=True) if revision}


def _in_our_words(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """`facts` with the disease as models name it."""
    disease = facts.get("disease")
    return {**facts, "disease": disease.strip().lower()} if isinstance(disease, str) else facts


def accept_outcomes(connection: Connection, outcomes: Iterable[Outcome], now: dt.datetime) -> set[str]:
    """Append outcomes that are new or changed: no input, they settle questions; returns the patients."""
    outcomes, facts = list(outcomes), []
    for outcome in outcomes:
        values = {"at": outcome.at, "event": outcome.event, "withdrawn": outcome.withdrawn}
        row = {"received_as": outcome.received_as, "endpoint": outcome.endpoint, "accepted_at": now, **values}
        facts.append(FactRow(digest(outcome.received_as, outcome.endpoint).hex()[:32], row, values))
    revisions = append_if_changed(connection, schema.outcomes, "outcome_id", facts)
    return {one.received_as for one, revision in zip(outcomes, revisions, strict=True) if revision}


def accept_visits(connection: Connection, visits: Iterable[ImportedVisit], now: dt.datetime) -> list[tuple[str, int]]:
    """Append imported visits as scans, final at once; returns those (scan_uid, revision) that now wait to be folded.

    A visit imported again with the same values changes nothing, with others it is a new revision.
    """
    visits = list(visits)
    scans = {visit.scan_uid: visit.received_as for visit in visits}
    append(connection, schema.scans, [{"scan_uid": uid, "received_as": scans[uid]} for uid in sorted(scans)])
    revisions = append_if_changed(connection, schema.revisions, "scan_uid", [_revision(visit, now) for visit in visits])
    waiting = [(visit, revision) for visit, revision in zip(visits, revisions, strict=True) if revision]
    _append_content(connection, waiting, now)
    return [(visit.scan_uid, revision) for visit, revision in waiting]


def _revision(visit: ImportedVisit, now: dt.datetime) -> FactRow:
    values = {"acquired_at": visit.acquired_at, "instances_sha256": _content_sha256(visit)}
    row = {**values, "completeness": Completeness.IMPORT, "accepted_at": now, "final_at": now}
    return FactRow(visit.scan_uid, row, values)


def _content_sha256(visit: ImportedVisit) -> str:
    """What stands in the place of the hash over a scan's instances."""
    scan = visit.measured
    content: list[object] = [[value.measurement, value.value, value.lesion_uid] for value in scan.measurements]
    content += [list(scan.embedding)] if scan.embedding else []
    measured = {value.lesion_uid for value in scan.measurements}
    marked = [each for each in scan.findings if _says_more(each, named=each.lesion_uid in measured)]
    content += [[each.lesion_uid, each.role, each.state, each.node, *_rarely_said(each)] for each in marked]
    content += [["time point", scan.time_point]] if scan.time_point else []
    content += [[one.modality, one.weights_version, list(one.embedding or ())] for one in scan.encoded]
    return digest(content).hex()


def _says_more(finding: LesionFinding, named: bool) -> bool:
    """Whether a finding says more than its values do; that the only lesion of a table is a target says nothing."""
    sized = any(size is not None for size in (finding.long_axis_mm, finding.short_axis_mm, finding.volume_ml))
    by_values = sized and finding.state in (LesionState.MEASURED, LesionState.GONE)
    more = finding.node or bool(_rarely_said(finding))
    return not by_values or more or (named and finding.role is not None)


def _rarely_said(finding: LesionFinding) -> list[object]:
    """What no table says: nothing of a finding without it, so that its hash stays what it was."""
    said = {"progressed": finding.progressed, "split": finding.split_from, "merged": finding.merged_into}
    return [[name, value] for name, value in said.items() if value]


def _append_content(connection: Connection, visits: Sequence[tuple[ImportedVisit, int]], now: dt.datetime) -> None:
    """What the revisions of `visits` hold, table by table: by visit, thousands would take minutes."""
    revisions = [(visit.scan_uid, revision, visit) for visit, revision in visits]
    for table, rows in (
        (schema.measurements, [measurement_rows(uid, number, visit.measured) for uid, number, visit in revisions]),
        (schema.findings, [finding_rows(uid, number, visit.measured) for uid, number, visit in revisions]),
        (
            schema.features,
            [feature_rows(uid, number, visit.measured, visit.disease) for uid, number, visit in revisions],
        ),
    ):
        append(connection, table, chain.from_iterable(rows))
    step = {"status": Status.WAITING, "completeness": Completeness.IMPORT, "changed_at": now}
    steps = [{"scan_uid": uid, "revision": number, **step} for uid, number, _ in revisions]
    append(connection, schema.assembly, steps)
