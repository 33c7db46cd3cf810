"""What other processes do, and waiting for it."""

import time
from collections.abc import Callable
from contextlib import suppress

import psutil


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Return as soon as `condition` holds; fails the test where it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def has_ended(pid: int) -> bool:
    """Whether process `pid` is gone, or waits only for its parent to notice."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def children(module: str) -> list[psutil.Process]:
    """Processes of this one that run `module`; of one that has ended nobody can say any more what it ran."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # a ZombieProcess is one, too
            found += [child] if module in child.cmdline() else []
    return found
