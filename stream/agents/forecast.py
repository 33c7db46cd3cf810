"""`timepoints` and `patient-events` → standing states and forecasts, by one routine (docs/protocol.md 1)."""

import time
from collections.abc import Callable, Sequence

from stream.agents.decoding import set_aside_unreadable
from stream.agents.executor import Executor
from stream.crash import reach
from stream.messages import Letter
from stream.services.facts.identity_effects import apply_next, next_event
from stream.services.facts.patient_events import PatientEvent, accept, read_event
from stream.services.facts.rejections import Rejection
from stream.services.folding.committed_fold import CommittedFold, log_folds
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from stream.storage.folding.timelines import resolve, roots
from stream.storage.intake.suspects import WorkItem

MANY = 16
"""Timelines in one batch; live traffic brings a few, a mass of scans fills them."""
MASS_SECONDS = 2.0
"""How long after such a batch the next one is expected."""


class ForecastAgent:
    """The agent of both topics; the reconciler lives on the executor's connection."""

    def __init__(self, executor: Executor, reconciler: Callable[[], Reconciler]) -> None:
        self._executor = executor
        self._reconciler = reconciler
        self._many_until = 0.0

    @property
    def busy(self) -> bool:
        """Whether it folds now, or a mass of scans comes in."""
        return self._executor.busy or time.monotonic() < self._many_until

    async def timepoints(self, letters: Sequence[Letter]) -> None:
        """Fold the timelines that the named scans stand on."""
        revisions, problems = set_aside_unreadable(letters, Letter.scan_revision)
        await self._executor.do(problems)
        await self._fold(lambda connection: set(resolve(connection, [uid for uid, _ in revisions]).values()))

    async def patient_events(self, letters: Sequence[Letter]) -> None:
        """Append the facts that were brought, let identity events take effect, fold the timelines of the others."""
        read, problems = set_aside_unreadable(letters, lambda letter: (letter.sha256, read_event(letter)))
        await self._executor.do(problems)
        events = dict(read)

        def keep(connection: Connection, items: Sequence[WorkItem]) -> list[PatientEvent]:
            return accept(connection, [events[item.id] for item in items])

        kept: list[PatientEvent] = []
        async for some in self._executor.take([WorkItem("message", sha256) for sha256, _ in read], keep):
            kept += some
        await self._apply_identity()
        patients = sorted({event.received_as for event in kept})
        scans = [event.fact.scan_uid for event in kept if isinstance(event.fact, Rejection)]
        # a scan that counts again may need a revision of all that a note had taken back
        await self._executor.announce(
            ("instances", event.received_as, {"scan_uid": event.fact.scan_uid})
            for event in kept
            if isinstance(event.fact, Rejection)
        )
        await self._fold(lambda connection: _timelines(connection, patients, scans))

    async def _apply_identity(self) -> None:
        """One event after the other: what is accepted meanwhile too."""
        while (seq := await self._executor.do(next_event)) is not None:
            item = WorkItem("identity", str(seq))
            async for folds in self._executor.take(
                [item], lambda connection, _: apply_next(connection, self._reconciler())
            ):
                await self._announce(folds)

    async def _fold(self, timelines: Callable[[Connection], set[str]]) -> None:
        items = [WorkItem("timeline", patient) for patient in sorted(await self._executor.do(timelines))]
        if len(items) > MANY:
            self._many_until = time.monotonic() + MASS_SECONDS
        async for folds in self._executor.take(items, self._reconcile):
            await self._announce(folds)

    def _reconcile(self, _: Connection, items: Sequence[WorkItem]) -> list[CommittedFold]:
        return self._reconciler().timelines([item.id for item in items])

    async def _announce(self, folds: Sequence[CommittedFold]) -> None:
        log_folds(folds)
        if folds:
            reach("forecast.done")
            await self._executor.announce([("forecasts", None, {"fold_ids": [fold.fold_id for fold in folds]})])
            reach("forecast.announced")


def _timelines(connection: Connection, patients: Sequence[str], scans: Sequence[str]) -> set[str]:
    """Those of `patients` as received, and those that `scans` stand on."""
    return {*roots(connection, patients).values(), *resolve(connection, scans).values()}
