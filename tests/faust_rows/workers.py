"""Workers as processes of their own, and what they say of themselves.

They are forked from a process that has imported everything: a worker that starts afresh needs seconds for that.
"""

import asyncio
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.faust_rows.broker import PATIENCE_SECONDS, Topic
from tests.waiting import wait_until

Main = Callable[..., None]
"""The body of a worker: gets login, topic, folder and words of the test's own."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["pytest", "tests.faust_rows.plain", "tests.faust_rows.ours"])
_numbers = count()


def say(word: str, *values: bytes | str | int) -> None:
    """In a worker: print `word` and the values it is about on a line of their own, for the test to await."""
    texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
    print(json.dumps([word, *texts]), flush=True)


async def released(folder: Path) -> None:
    """In a worker: return when the test releases what waits."""
    while not (folder / "released").exists():
        await asyncio.sleep(0.02)


class Worker:
    """A worker that has been started, and its lines."""

    def __init__(self, main: Main, topic: Topic, folder: Path, *words: str) -> None:
        self._said = folder / f"{next(_numbers)}.said"
        self._said.touch()
        self._process = _processes.Process(
            target=_run, args=(main, self._said, topic.broker.login, topic.name, folder, *words), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Id of its process."""
        return self._process.pid

    def lines(self) -> list[list[str]]:
        """Everything it said: a word and its values each."""
        lines = self._said.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def heard(self, word: str) -> list[list[str]]:
        """The values of `word`, each time it was said."""
        return [values for said, *values in self.lines() if said == word]

    def wait_for(self, *line: str) -> None:
        """Wait until it says exactly `line`."""
        wait_until(lambda: list(line) in self.lines() or not self.lives(), PATIENCE_SECONDS)
        assert list(line) in self.lines(), self.complaints()

    def lives(self) -> bool:
        """Whether it runs."""
        return self._process.is_alive()

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        self._process.join(PATIENCE_SECONDS)
        assert not self.lives(), "it did not end in time"
        return self._process.exitcode

    def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Send it a signal and wait for its end; its exit code."""
        os.kill(self.pid, how)
        return self.ended()

    def complaints(self) -> str:
        """The end of what it wrote to stderr."""
        return self._said.with_suffix(".log").read_text()[-2000:]


def _run(main: Main, said: Path, *words: object) -> None:
    for stream, path in ((1, said), (2, said.with_suffix(".log"))):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    main(*words)


class Bench:
    """Starts workers on one folder; what still runs at the end is killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._workers: list[Worker] = []

    def start(self, main: Main, topic: Topic, *words: str) -> Worker:
        """A worker that has only just been started."""
        worker = Worker(main, topic, self._folder, *words)
        self._workers.append(worker)
        return worker

    def release(self) -> None:
        """Let everything go on that waits for it."""
        (self._folder / "released").touch()

    def close(self) -> None:
        """Kill what still runs."""
        for worker in self._workers:
            if worker.lives():
                worker.end()


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """A bench within the context."""
    made = Bench(folder)
    try:
        yield made
    finally:
        made.close()
