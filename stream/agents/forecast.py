"""`timepoints` and `patient-events` → standing states and forecasts, by the one routine of PROTOCOL 1."""

from collections.abc import Callable, Sequence

from stream.agents.hand import Hand
from stream.agents.letters import set_aside_unreadable
from stream.crash import reach
from stream.messages import Letter
from stream.services.identity import apply_identity
from stream.services.patient_events import accept, read_event
from stream.services.reconcile import Folded, Reconciler, log_folds
from stream.services.rejecting import Rejection
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
        """Append the facts that were brought, let identity events take effect, fold the timelines of the others."""
        events, problems = set_aside_unreadable(letters, read_event)
        await self._hand.do(problems)

        def keep(connection: Connection) -> None:
            accept(connection, events)

        await self._hand.do(keep)
        patients = sorted({event.received_as for event in events})
        scans = [event.fact.scan_uid for event in events if isinstance(event.fact, Rejection)]
        await self._told(await self._hand.do(lambda connection: apply_identity(connection, self._reconciler())))
        await self._fold(lambda connection: _timelines(connection, patients, scans))

    async def _fold(self, timelines: Callable[[Connection], set[str]]) -> None:
        await self._told(await self._hand.do(lambda connection: self._reconciler().timelines(timelines(connection))))

    async def _told(self, folds: Sequence[Folded]) -> None:
        log_folds(folds)
        if folds:
            reach("forecast.done")
            await self._hand.announce([("forecasts", None, {"fold_ids": [one.fold_id for one in folds]})])
            reach("forecast.announced")


def _timelines(connection: Connection, patients: Sequence[str], scans: Sequence[str]) -> set[str]:
    """Those of `patients` as received, and those that `scans` stand on."""
    return {*roots(connection, patients).values(), *resolve(connection, scans).values()}
