"""The one routine: bring timelines into line with their facts, computed first, then one transaction.

See docs/protocol.md 1-2.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from models.serving.forecaster import Forecaster
from stream import logs
from stream.crash import reach
from stream.errors import UnknownWeights
from stream.services.folding import committing
from stream.services.folding.after_fold import after_fold
from stream.services.folding.committed_fold import CommittedFold, committed_fold
from stream.services.folding.committing import PreparedFolds
from stream.services.folding.course_cache import CACHED_VISITS, CourseCache
from stream.services.folding.fold_rows import FoldRows, fold_rows
from stream.services.folding.state_cache import StateCache
from stream.services.folding.stepping import fold
from stream.services.folding.two_hands import by_one_hand, by_two_hands
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.folding import folds, forecasts, staging
from stream.storage.folding.active_weights import active_versions
from stream.storage.folding.forecasts import ForecastKey
from stream.storage.folding.lesion_maps import LesionMaps, read_lesion_maps
from stream.storage.folding.news import read_on
from stream.storage.folding.states import read_states
from stream.storage.folding.timelines import resolve, roots
from stream.storage.locks import lock_heads
from stream.timeline.entries import LedgerKey, StateKey
from stream.timeline.planning import Plan, plan
from stream.vocabulary import Cause, FactKind

TOGETHER = 128
"""Timelines of one batch: few enough that the next ones are prepared while they are committed."""
UNLOCKED_TRIES = 2
"""Computing outside the locks is fast but may find the head moved on; after two such finds, compute under the lock."""


Load = Callable[[str], Forecaster]
"""Loads weights that became active since the start, by version; raises UnknownWeights."""


def _unknown(version: str) -> Forecaster:
    raise UnknownWeights(f"weights {version} are active, but this worker does not hold them")


class Reconciler:
    """Brings timelines into line on one connection; not to be shared between threads.

    With one more for `writing` it prepares a batch of timelines while the one before is committed there.
    """

    def __init__(
        self,
        connection: Connection,
        forecasters: Sequence[Forecaster],
        load: Load = _unknown,
        writing: Connection | None = None,
        remembered_visits: int = CACHED_VISITS,
    ) -> None:
        self._forecasters = {forecaster.weights_version: forecaster for forecaster in forecasters}
        self._load = load
        self._cache = StateCache()
        self._courses = CourseCache(remembered_visits)
        self._connection = self._writing = connection
        self.use(connection, writing)

    def use(self, connection: Connection, writing: Connection | None = None) -> None:
        """Go on with other connections after an outage; the one that was for writing is closed."""
        if self._writing is not self._connection:
            self._writing.close()
        self._connection, self._writing = connection, writing or connection
        staging.prepare(self._connection)
        staging.prepare(self._writing)

    def scans(self, scan_uids: Iterable[str]) -> list[CommittedFold]:
        """Bring the timelines that `scan_uids` stand on into line."""
        timelines = set(resolve(self._connection, list(scan_uids)).values())
        return self.timelines(timelines)

    def patients(self, received_as: Iterable[str], afresh: Collection[str] = ()) -> list[CommittedFold]:
        """Bring the timelines that these patients' facts stand on into line."""
        return self.timelines(set(roots(self._connection, list(received_as)).values()), afresh)

    def timelines(self, patients: Iterable[str], afresh: Collection[str] = ()) -> list[CommittedFold]:
        """Bring `patients` (roots) into line; returns what was committed. Raises psycopg errors of an outage."""
        waiting, tries = set(patients), 0
        done: list[CommittedFold] = []
        while waiting:
            tries += 1
            committed, waiting = self._attempt(waiting, tries > UNLOCKED_TRIES, afresh)
            done += committed
        return done

    def identity(self, seq: int, patients: Iterable[str], cause: Cause) -> tuple[list[CommittedFold], dt.datetime]:
        """One fold for each of `patients`, whether anything changes or not, and the one time of all of them.

        In the caller's transaction, which holds the identity lock exclusively and has changed aliases or assignments.
        """
        lock_heads(self._connection, list(patients))
        plans = self._plans(self._forecasters_now(), patients, (), cause)
        if plans:
            event = LedgerKey(FactKind.IDENTITY, str(seq), 0)
            first = plans[0].timeline
            plans[0] = replace(plans[0], timeline=replace(first, unseen=(*first.unseen, event)))
        rows = self._rows(plans)
        committing.send(self._connection, rows, locked=True)
        return [committed_fold(each) for each in rows], committing.write(self._connection, rows)

    def _attempt(
        self, patients: set[str], locked: bool, afresh: Collection[str]
    ) -> tuple[list[CommittedFold], set[str]]:
        """Returns what was committed, and who moved on meanwhile and must be taken again."""
        if not locked:
            return self._unlocked(patients, afresh)
        with self._connection.transaction():
            lock_heads(self._connection, list(patients))
            prepared = self.prepare(patients, afresh)
            good = committing.commit(self._connection, prepared.rows, prepared.active, locked)
        return self._ended(prepared, good)

    def _unlocked(self, patients: set[str], afresh: Collection[str]) -> tuple[list[CommittedFold], set[str]]:
        ids = sorted(patients)
        batches = [ids[at : at + TOGETHER] for at in range(0, len(ids), TOGETHER)]
        tried = list(self._tried(batches, afresh, alone=len(batches) == 1))
        return [one for done, _ in tried for one in done], {one for _, moved_on in tried for one in moved_on}

    def in_batches(
        self, batches: Iterable[Collection[str]], afresh: Collection[str] = ()
    ) -> Iterator[list[CommittedFold]]:
        """Bring batches of timelines (roots) into line, each asked for in its turn; what was committed of each."""
        for done, moved_on in self._tried(batches, afresh):
            yield done + self.timelines(moved_on, afresh)

    def _tried(
        self, batches: Iterable[Collection[str]], afresh: Collection[str], alone: bool = False
    ) -> Iterator[tuple[list[CommittedFold], set[str]]]:
        """Of each batch what was committed, and who moved on meanwhile and must be taken again."""
        hands = by_one_hand if alone or self._writing is self._connection else by_two_hands
        for prepared, good in hands(batches, partial(self.prepare, afresh=afresh), self.write):
            yield self._ended(prepared, good)

    def prepare(self, patients: Iterable[str], afresh: Collection[str] = ()) -> PreparedFolds:
        """All rows that `patients` (roots) need under the weights that are active; nothing is written yet."""
        forecasters = self._forecasters_now()
        plans = [each for each in self._plans(forecasters, patients, afresh) if each.changed]
        rows = self._rows(plans)
        if rows:
            reach("reconcile.computed")
        return PreparedFolds(list(forecasters), rows)

    def write(self, prepared: PreparedFolds) -> list[FoldRows]:
        """Commit what was prepared, all but those who moved on; in a thread of its own where there is one to write."""
        return committing.commit_portions(self._writing, prepared)

    def _ended(self, prepared: PreparedFolds, good: Sequence[FoldRows]) -> tuple[list[CommittedFold], set[str]]:
        for each in good:
            self._remember(each)
        everybody = {each.plan.timeline.patient_id for each in prepared.rows}
        return [committed_fold(each) for each in good], everybody - {each.plan.timeline.patient_id for each in good}

    def _forecasters_now(self) -> dict[str, Forecaster]:
        """Those of the active weights, by version; new ones are loaded. UnknownWeights where one is not to be had."""
        active = active_versions(self._connection)
        for version in active:
            if version not in self._forecasters:
                self._forecasters[version] = self._load(version)
                logs.event("weights_loaded", weights=version)
        return {version: self._forecasters[version] for version in active}

    def _plans(
        self,
        forecasters: Mapping[str, Forecaster],
        patients: Iterable[str],
        afresh: Collection[str],
        cause: Cause | None = None,
    ) -> list[Plan]:
        active, plans, ids = list(forecasters.values()), [], set(patients)
        # who asks for a replay trusts nothing remembered; of an identity event on its way no head tells yet
        stood = {} if afresh or cause else self._courses.stood(ids)
        for timeline in read_on(self._connection, ids, stood):
            before = None if afresh else self._courses.worked_out(timeline.patient_id)
            plans.append(plan(timeline, active, afresh, cause, before))
            self._courses.keep(timeline.patient_id, plans[-1].worked_out)
        return plans

    def _rows(self, plans: Sequence[Plan]) -> list[FoldRows]:
        """Take the steps of `plans` and make the rows they write and end."""
        results = fold(plans, self._forecasters, self._bases(plans), self._maps(plans))
        ids = folds.take_fold_ids(self._connection, len(plans))
        superseded = self._superseded(plans)
        rows = []
        for fold_id, each in zip(ids, plans, strict=True):
            patient_id = each.timeline.patient_id
            rows.append(fold_rows(fold_id, each, results[patient_id], superseded.get(patient_id, [])))
        return rows

    def _bases(self, plans: Sequence[Plan]) -> dict[tuple[str, str], np.ndarray]:
        """State to step from per (patient, weights): from memory where current, else from Postgres."""
        bases: dict[tuple[str, str], np.ndarray] = {}
        missing: dict[StateKey, tuple[str, str]] = {}
        tasks = ((each.timeline, of_weights) for each in plans for of_weights in each.weights_plans)
        for timeline, weights_plan in tasks:
            base, version = weights_plan.base, weights_plan.weights_version
            if base is None or not weights_plan.steps:
                continue
            state = self._cache.state(timeline.patient_id, timeline.version, version, base.scan_uid)
            if state is None:
                missing[base.key] = (timeline.patient_id, version)
            else:
                bases[timeline.patient_id, version] = state
        for key, data in read_states(self._connection, list(missing)).items():
            bases[missing[key]] = np.frombuffer(data, "<f4")
        return bases

    def _maps(self, plans: Sequence[Plan]) -> LesionMaps:
        """The outlines of lesions that steps look at: facts that never change."""
        steps = (step for each in plans for of_weights in each.weights_plans for step in of_weights.steps)
        seen = [step.lesions for step in steps if step.lesions]
        return read_lesion_maps(self._connection, [scan for lesions in seen for scan in lesions.scans])

    def _superseded(self, plans: Sequence[Plan]) -> dict[str, list[tuple[ForecastKey, Cause]]]:
        """Forecasts that end with their states or because their question is closed, with the cause, by patient."""
        owner = {
            state.key: each for each in plans for weights_plan in each.weights_plans for state in weights_plan.ended
        }
        closed = {(one.state, one.endpoint): (each, one.because) for each in plans for one in each.closed}
        superseded: dict[str, list[tuple[ForecastKey, Cause]]] = {}
        for key in forecasts.read_written_with(self._connection, list(owner)):
            plan_of = owner[key.state]
            superseded.setdefault(plan_of.timeline.patient_id, []).append((key, plan_of.cause))
        for endpoint, key in forecasts.read_answering(self._connection, list(closed)):
            plan_of, because = closed[key.state, endpoint]
            superseded.setdefault(plan_of.timeline.patient_id, []).append((key, because))
        return superseded

    def _remember(self, rows: FoldRows) -> None:
        """Keep in memory how the timeline stands, and the last state of each weights version, for the next step."""
        timeline = rows.plan.timeline
        self._courses.folded(timeline.patient_id, partial(after_fold, rows))
        last: dict[tuple[str, str], np.ndarray] = {}
        written = {row["weights_version"]: row for row in rows.written[schema.states]}  # in timeline order: the last
        for weights_plan in rows.plan.weights_plans:
            version, base = weights_plan.weights_version, weights_plan.base
            if row := written.get(version):
                last[version, row["scan_uid"]] = np.frombuffer(row["state"], "<f4")
            elif base is not None:
                kept = self._cache.state(timeline.patient_id, timeline.version, version, base.scan_uid)
                if kept is not None:
                    last[version, base.scan_uid] = kept
        self._cache.keep(timeline.patient_id, timeline.version + 1, last)
