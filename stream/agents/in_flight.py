"""What this process is working on, in a file that survives it; and a suspect, which has the process to itself.

A plain write is enough: what a process wrote before it died is the kernel's to keep.
"""

import fcntl
import itertools
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from functools import partial
from pathlib import Path

from stream.storage.intake.suspects import WorkItem

NOTE_BYTES = 16 * 2**20


class InFlight:
    """The note of this process: the lowest file `<number>.json` in `folder` that no living process holds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._file = next(
            file for number in itertools.count() if (file := _take(folder / f"{number}.json")) is not None
        )
        self._held: dict[str, str] = {}
        self._writing = threading.Lock()
        self._gate = _Gate()

    def left_behind(self) -> Iterator[tuple[list[WorkItem], Callable[[], None]]]:
        """What each process that has died was working on, and how to forget it. To be read before anything is taken."""
        for path in sorted(self._folder.glob("*.json")):
            own = os.path.samestat(path.stat(), os.fstat(self._file))
            file = self._file if own else _take(path)
            if file is None:
                continue  # its process lives
            if items := _read(file):
                yield items, partial(os.ftruncate, file, 0)
            if not own:
                os.close(file)

    @contextmanager
    def holding(self, executor: str, items: Sequence[WorkItem], alone: bool) -> Iterator[None]:
        """Within the context the executor of this name works on `items`; `alone`: and no other on anything."""
        with self._gate.alone() if alone else self._gate.beside():
            self._note(executor, items)
            try:
                yield
            finally:
                self._note(executor, ())

    def empty(self) -> None:
        """An orderly end is no death."""
        os.ftruncate(self._file, 0)

    def _note(self, executor: str, items: Sequence[WorkItem]) -> None:
        """The first line of the file is the note; a shorter one leaves the end of a longer behind it."""
        with self._writing:
            if items:
                self._held[executor] = ",".join(map(json.dumps, map(astuple, items)))
            elif self._held.pop(executor, None) is None:
                return
            os.pwrite(self._file, f"[{','.join(self._held.values())}]\n".encode(), 0)


class _Gate:
    """Executors work beside each other, but a suspect waits until all others rest and keeps them resting."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._working = 0
        self._wanted = 0

    @contextmanager
    def beside(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._wanted)
            self._working += 1
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._changed:
            self._wanted += 1
            self._changed.wait_for(lambda: not self._working)
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._wanted -= 1
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._working -= 1
            self._changed.notify_all()


def _take(path: Path) -> int | None:
    """The file, locked as long as this process lives; None where another holds it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file


def _read(file: int) -> list[WorkItem]:
    """Nothing where a note is cut short: its process died while it wrote, before it began any work."""
    line = os.pread(file, NOTE_BYTES, 0).partition(b"\n")[0]
    try:
        return [WorkItem(*fields) for fields in json.loads(line)]
    except ValueError:
        return []
