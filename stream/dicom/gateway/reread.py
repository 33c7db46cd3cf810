"""Files that people change while the service runs: read again when they have changed, without a restart."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from stream import logs
from stream.errors import CannotStart, WrongUse

T = TypeVar("T")


class Reread(Generic[T]):
    """What `read` makes of `files`; when they become unusable later, what they said before still counts.

    The constructor raises what `read` raises: WrongUse or CannotStart, with one sentence.
    """

    def __init__(self, files: Sequence[Path], read: Callable[[], T]) -> None:
        self._files = files
        self._read = read
        self._lock = threading.Lock()
        self._seen = self._state()
        self._value = read()

    def value(self) -> T:
        """What the files say now."""
        with self._lock:
            state = self._state()
            if state != self._seen:
                self._seen = state
                self._again()
            return self._value

    def _again(self) -> None:
        names = ",".join(file.name for file in self._files)
        try:
            self._value = self._read()
            logs.event("read_again", files=names)
        except (WrongUse, CannotStart) as error:
            logs.event("not_read_again", logging.ERROR, files=names, says=error)

    def _state(self) -> list[tuple[int, int, int] | None]:
        """Changes whenever a file does: editors write in place, or put another file in its place."""
        return [_state(file) for file in self._files]


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
