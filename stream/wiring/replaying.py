"""Construction of a replay: a reconciler with two connections that holds all kept weights."""

from collections.abc import Iterator
from contextlib import contextmanager

from stream.archive.kept_weights import forecasters
from stream.errors import CannotStart
from stream.services.folding.reconcile import Reconciler
from stream.settings import Settings
from stream.storage.database import Connection, Outage, connect
from stream.wiring.garbage import keep_for_good


@contextmanager
def replaying(settings: Settings) -> Iterator[tuple[Connection, Reconciler]]:
    """Who replays, and the connection to ask on between batches.

    Raises CannotStart where Postgres does not answer, or no more.
    """
    held = forecasters(settings, settings.device)
    try:
        with connect(settings, "worker") as first, connect(settings, "worker") as second:
            reconciler = Reconciler(first, held, writing=second, remembered_visits=0)  # none comes a second time
            keep_for_good()
            yield first, reconciler
    except Outage:
        raise CannotStart(
            "Postgres does not answer: start the service with `scanstream up`. What was folded is kept."
        ) from None
