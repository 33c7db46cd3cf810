"""A disk at rest: what was measured before is written, and making a file takes what it takes on a quiet day."""

import os
import statistics
import time
from pathlib import Path

MADE = 20
MOST_OPENINGS = 20
"""Where making a file takes longer than opening one so many times, the disk is busy with what was before.

An ext4 without a journal gives no number of a deleted file again for a minute, or five where that is not written yet
(`recently_deleted` in Linux' fs/ext4/ialloc.c), and goes through them one by one for each new file: 0.4 ms after a
thousand files had been deleted, 0.01 ms else.
"""
PATIENCE_SECONDS = 420.0
LOOK_SECONDS = 1.0


def rest(folder: Path) -> float:
    """Wait until the disk of `folder` is at rest, and not for ever; the ms that making a file takes then.

    What it makes stays: deleted it would be in the way of the next.
    """
    folder.mkdir(exist_ok=True)
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        os.sync()
        making, opening = _milliseconds(folder)
        if making <= MOST_OPENINGS * opening or time.monotonic() > until:
            return making
        time.sleep(LOOK_SECONDS)


def _milliseconds(folder: Path) -> tuple[float, float]:
    """What making a file takes, and opening one: medians."""
    making, opening = [], []
    first = sum(1 for _ in folder.iterdir())
    for number in range(first, first + MADE):
        making.append(_opened(folder / str(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        opening.append(_opened(folder / str(number), os.O_RDONLY))
    return statistics.median(making), statistics.median(opening)


def _opened(path: Path, flags: int) -> float:
    began = time.perf_counter()
    descriptor = os.open(path, flags)
    taken = time.perf_counter() - began
    os.close(descriptor)
    return 1000 * taken
