"""Reading the messages of a batch: what cannot be read is set aside, the rest goes on."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeVar

from stream.crash import reach
from stream.messages import BadMessage, Letter
from stream.services.accepting.set_asides import item_id, set_aside_row
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.vocabulary import ReasonCode

Content = TypeVar("Content")


def set_aside_unreadable(
    letters: Sequence[Letter], read: Callable[[Letter], Content]
) -> tuple[list[Content], Callable[[Connection], None]]:
    """What `read` made of the readable `letters`, and the work that sets the others aside."""
    readable: list[Content] = []
    bad: list[BadMessage] = []
    for letter in letters:
        try:
            readable.append(read(letter))
        except BadMessage as error:
            bad.append(error)
    rows = [_row(error) for error in bad]

    def keep(connection: Connection) -> None:
        if append(connection, schema.set_asides, rows):
            reach("letters.set_aside")

    return readable, keep


def _row(error: BadMessage) -> dict[str, object]:
    now = dt.datetime.now(dt.UTC)
    return set_aside_row(item_id(error.sha256), ReasonCode.DECODE_FAILED, str(error), now, sha256=error.sha256)
