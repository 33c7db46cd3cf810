"""A file that one process holds locked, until it lets go or dies."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from stream.errors import CannotStart


@contextlib.contextmanager
def exclusive(file: Path, refusal: str | None = None) -> Iterator[None]:
    """Hold `file` locked; where another process holds it, CannotStart with `refusal`, or without one wait for it.

    The kernel frees the lock when its holder dies.
    """
    with file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError:
            raise CannotStart(str(refusal)) from None
        yield
