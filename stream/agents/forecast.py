"""`timepoints` and `patient-events` → standing states and forecasts, by the one routine of PROTOCOL 1."""

from collections.abc import Callable, Sequence

from stream.agents.hand import Hand
from stream.agents.letters import set_aside_unreadable
from stream.messages import Letter
from stream.services.patient_events import PatientEvent, accept, read_event
from stream.services.reconcile import Folded, Reconciler, log_folds
from stream.storage.database import Connection
from stream.storage.timelines import resolve, roots


class ForecastAgent:
    """The agent of both topics; the reconciler lives on the hand's connection."""

    def __init__(self, hand: Hand, reconciler: Callable[[], Reconciler]) -> None:
        self._hand = hand
        self._reconciler = reconciler

    async def timepoints(self, letters: Sequence[Letter]) -> None:
        """Fold the timelines that the named scans stand on."""
        revisions, problems = set_aside_unreadable(letters, Letter.scan_revision)
        await self._hand.do(problems)
        await self._fold(lambda connection: set(resolve(connection, [uid for uid, _ in revisions]).values()))

    async def patient_events(self, letters: Sequence[Letter]) -> None:
        """Append the facts that were brought, then fold the timelines they stand on."""
        events, problems = set_aside_unreadable(letters, read_event)
        await self._hand.do(problems)

        def keep(connection: Connection) -> None:
            accept(connection, events)

        await self._hand.do(keep)
        patients = sorted({event.received_as for event in events if isinstance(event, PatientEvent)})
        await self._fold(lambda connection: set(roots(connection, patients).values()))

    async def _fold(self, timelines: Callable[[Connection], set[str]]) -> None:
        def work(connection: Connection) -> list[Folded]:
            return self._reconciler().timelines(timelines(connection))

        folds = await self._hand.do(work)
        log_folds(folds)
        if folds:
            await self._hand.announce([("forecasts", None, {"fold_ids": [one.fold_id for one in folds]})])
