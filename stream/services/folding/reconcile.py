"""The one routine (PROTOCOL 1-2): bring timelines into line with their facts, computed first, then one transaction."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.serving.forecaster import Forecaster
from stream import logs
from stream.crash import reach
from stream.errors import UnknownWeights
from stream.services.folding import committing
from stream.services.folding.fold_rows import FoldRows, fold_rows
from stream.services.folding.state_cache import Arena
from stream.services.folding.stepping import fold
from stream.storage import folds, forecasts, schema, staging
from stream.storage.database import Connection
from stream.storage.locks import lock_heads
from stream.storage.timelines import read_timelines, resolve, roots
from stream.timeline.planning import Plan, plan

UNLOCKED_TRIES = 2
"""Computing outside the locks is fast but may find the head moved on; after two such finds, compute under the lock."""


Load = Callable[[str], Forecaster]
"""Loads weights that became active since the start, by version; raises UnknownWeights."""


def _unknown(version: str) -> Forecaster:
    raise UnknownWeights(f"weights {version} are active, but this worker does not hold them")


@dataclass(frozen=True)
class Folded:
    """One committed fold."""

    fold_id: int
    patient_id: str
    cause: str
    scans: tuple[tuple[str, int], ...]  # scan_uid, revision seen for the first time


@dataclass(frozen=True)
class Prepared:
    """Rows of some timelines, computed outside of any lock under the weights that were `active` then."""

    active: list[str]
    rows: list[FoldRows]


class Reconciler:
    """Brings timelines into line on one connection; not to be shared between threads."""

    def __init__(self, connection: Connection, forecasters: Sequence[Forecaster], load: Load = _unknown) -> None:
        self._connection = connection
        self._forecasters = {forecaster.weights_version: forecaster for forecaster in forecasters}
        self._load = load
        self._arena = Arena()
        staging.prepare(connection)

    def use(self, connection: Connection) -> None:
        """Go on with another connection after an outage."""
        self._connection = connection
        staging.prepare(connection)

    def scans(self, scan_uids: Iterable[str]) -> list[Folded]:
        """Bring the timelines that `scan_uids` stand on into line."""
        timelines = set(resolve(self._connection, list(scan_uids)).values())
        return self.timelines(timelines)

    def patients(self, received_as: Iterable[str], afresh: Collection[str] = ()) -> list[Folded]:
        """Bring the timelines that these patients' facts stand on into line."""
        return self.timelines(set(roots(self._connection, list(received_as)).values()), afresh)

    def timelines(self, patients: Iterable[str], afresh: Collection[str] = ()) -> list[Folded]:
        """Bring `patients` (roots) into line; returns what was committed. Raises psycopg errors of an outage."""
        waiting, done, tries = set(patients), [], 0
        while waiting:
            tries += 1
            committed, waiting = self._attempt(waiting, tries > UNLOCKED_TRIES, afresh)
            done += committed
        return done

    def identity(self, seq: int, patients: Iterable[str], cause: str) -> tuple[list[Folded], dt.datetime]:
        """One fold for each of `patients`, whether anything changes or not, and the one time of all of them.

        In the caller's transaction, which holds the identity lock exclusively and has changed aliases or assignments.
        """
        lock_heads(self._connection, list(patients))
        plans = self._plans(self._forecasters_now(), patients, (), cause)
        if plans:
            event = ("identity", str(seq), 0)
            first = plans[0].timeline
            plans[0] = replace(plans[0], timeline=replace(first, unseen=(*first.unseen, event)))
        rows = self._rows(plans)
        committing.send(self._connection, rows, locked=True)
        return [_folded(one) for one in rows], committing.write(self._connection, rows)

    def _attempt(self, patients: set[str], locked: bool, afresh: Collection[str]) -> tuple[list[Folded], set[str]]:
        """Returns what was committed, and who moved on meanwhile and must be taken again."""
        if not locked:
            return self.write(self.prepare(patients, afresh))
        with self._connection.transaction():
            lock_heads(self._connection, list(patients))
            prepared = self.prepare(patients, afresh)
            good = committing.commit(self._connection, prepared.rows, prepared.active, locked)
        return self._ended(prepared, good)

    def prepare(self, patients: Iterable[str], afresh: Collection[str] = ()) -> Prepared:
        """All rows that `patients` (roots) need under the weights that are active; nothing is written yet."""
        forecasters = self._forecasters_now()
        plans = [one for one in self._plans(forecasters, patients, afresh) if one.changed]
        rows = self._rows(plans)
        if rows:
            reach("reconcile.computed")
        return Prepared(list(forecasters), rows)

    def write(self, prepared: Prepared) -> tuple[list[Folded], set[str]]:
        """Commit what any reconciler prepared; returns the folds, and who moved on and must be taken again."""
        good: list[FoldRows] = []
        for some in committing.portions(prepared.rows):
            with self._connection.transaction():
                good += committing.commit(self._connection, some, prepared.active, locked=False)
            reach("reconcile.committed")
        return self._ended(prepared, good)

    def _ended(self, prepared: Prepared, good: Sequence[FoldRows]) -> tuple[list[Folded], set[str]]:
        for one in good:
            self._remember(one)
        everybody = {one.plan.timeline.patient_id for one in prepared.rows}
        return [_folded(one) for one in good], everybody - {one.plan.timeline.patient_id for one in good}

    def _forecasters_now(self) -> dict[str, Forecaster]:
        """Those of the active weights, by version; new ones are loaded. UnknownWeights where one is not to be had."""
        active = folds.active_versions(self._connection)
        for version in active:
            if version not in self._forecasters:
                self._forecasters[version] = self._load(version)
                logs.event("weights_loaded", weights=version)
        return {version: self._forecasters[version] for version in active}

    def _plans(
        self, forecasters: Mapping[str, Forecaster], patients: Iterable[str], afresh: Collection[str],
        cause: str | None = None,
    ) -> list[Plan]:  # fmt: skip
        held = list(forecasters.values())
        return [plan(line, held, afresh, cause) for line in read_timelines(self._connection, patients)]

    def _rows(self, plans: Sequence[Plan]) -> list[FoldRows]:
        """Take the steps of `plans` and make the rows they write and end."""
        stepped = fold(plans, self._forecasters, self._bases(plans))
        ids = folds.take_fold_ids(self._connection, len(plans))
        ended = self._superseded(plans)
        return [
            fold_rows(fold_id, one, stepped[one.timeline.patient_id], ended.get(one.timeline.patient_id, []))
            for fold_id, one in zip(ids, plans, strict=True)
        ]

    def _bases(self, plans: Sequence[Plan]) -> dict[tuple[str, str], np.ndarray]:
        """State to step from per (patient, weights): from memory where current, else from Postgres."""
        found: dict[tuple[str, str], np.ndarray] = {}
        missing: dict[tuple[int, str, str], tuple[str, str]] = {}
        for line, course in ((one.timeline, course) for one in plans for course in one.courses if course.steps):
            if (base := course.base) is None:
                continue
            key = (line.patient_id, course.weights_version)
            state = self._arena.state(line.patient_id, line.version, course.weights_version, base.scan_uid)
            if state is None:
                missing[base.fold_id, base.weights_version, base.scan_uid] = key
            else:
                found[key] = state
        for key, data in folds.read_states(self._connection, list(missing)).items():
            found[missing[key]] = np.frombuffer(data, "<f4")
        return found

    def _superseded(self, plans: Sequence[Plan]) -> dict[str, list[tuple[schema.Table, dict]]]:
        """Forecasts that end with their states: table and key by patient."""
        owner = {
            (state.fold_id, state.weights_version, state.scan_uid): one.timeline.patient_id
            for one in plans for course in one.courses for state in course.ended
        }  # fmt: skip
        found: dict[str, list[tuple[schema.Table, dict]]] = {}
        for table, row in forecasts.read_written_with(self._connection, list(owner)):
            patient_id = owner[row["fold_id"], row["weights_version"], row["scan_uid"]]
            found.setdefault(patient_id, []).append((table, row))
        return found

    def _remember(self, one: FoldRows) -> None:
        line = one.plan.timeline
        last: dict[tuple[str, str], np.ndarray] = {}
        for course in one.plan.courses:
            rows = [row for row in one.written[schema.states] if row["weights_version"] == course.weights_version]
            if rows:
                state = np.frombuffer(rows[-1]["state"], "<f4")
                last[course.weights_version, rows[-1]["scan_uid"]] = state
            elif course.base is not None:
                kept = self._arena.state(line.patient_id, line.version, course.weights_version, course.base.scan_uid)
                if kept is not None:
                    last[course.weights_version, course.base.scan_uid] = kept
        self._arena.keep(line.patient_id, line.version + 1, last)


def _folded(one: FoldRows) -> Folded:
    scans = tuple((id_, revision) for kind, id_, revision in one.plan.timeline.unseen if kind == "scan")
    return Folded(one.fold_id, one.plan.timeline.patient_id, one.plan.cause, scans)


def log_folds(folds: Iterable[Folded], say: Callable[..., None] = logs.event) -> None:
    """One line per scan that came to stand on its timeline."""
    for one in folds:
        for scan_uid, revision in one.scans:
            say("scan_applied", scan=scan_uid, revision=revision, patient=one.patient_id, fold=one.fold_id,
                cause=one.cause)  # fmt: skip
