"""How much a replay rests, so that live traffic goes first."""

import time
from collections.abc import Callable

from stream.storage.database import Connection
from stream.storage.folding.folds import newest_fold, others_folded


class Pace:
    """Rests while others fold too, so that all `processes` of a replay together work half of the time of one.

    A fold on its way may be missed: of whoever goes on folding the next is met.
    """

    def __init__(self, connection: Connection, processes: int = 1, rest: Callable[[float], None] = time.sleep) -> None:
        self._connection = connection
        self._rests = 2 * processes - 1
        self._rest = rest
        self._seen = newest_fold(connection)
        self._started = time.monotonic()

    def after_batch(self) -> None:
        """Rest if anybody else folded since the batch before: as long as this one took; of two, thrice as long."""
        worked, seen = time.monotonic() - self._started, self._seen
        self._seen = newest_fold(self._connection)
        if others_folded(self._connection, seen):
            self._rest(self._rests * worked)
        self._started = time.monotonic()
