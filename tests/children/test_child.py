"""A child that is killed beyond its budget, and costs nobody else anything."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from stream import logs
from stream.children.child import Child, ChildEnded, OverBudget
from stream.children.nursery import MIB, Budget, Nursery
from stream.errors import ArchiveAway

ENOUGH = Budget(processor_seconds=20.0, seconds=60.0, memory=512 * MIB)


def answer(asked: Any) -> Any:
    what, number = asked
    done: dict[str, Callable[[], Any]] = {
        "say": lambda: number + 1,
        "pid": os.getpid,
        "compute": lambda: sum(range(number)),
        "sleep": lambda: time.sleep(number),
        "fill": lambda: len(bytearray(number * MIB)),
        "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "mistake": lambda: 1 // 0,
        "quote": lambda: _quote(number),
        "away": lambda: _raise(ArchiveAway("the archive is away")),
        "broken": lambda: _raise(OSError(5, "Input/output error")),
    }
    return done[what]()


def _raise(error: Exception) -> None:
    raise error


def _quote(log: str) -> None:
    sys.stderr = Path(log).open("w")  # noqa: SIM115  # until the process ends
    logs.setup("reader")
    raise ValueError("born 19500523")


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery(answer)
    yield nursery
    nursery.close()


@pytest.fixture
def child(nursery: Nursery) -> Child:
    return Child(nursery)


@pytest.mark.parametrize(
    ("asked", "budget", "says"),
    [
        (("compute", 10**12), ENOUGH._replace(processor_seconds=0.1), "within 0.1 s of processor time"),
        (("sleep", 3600), ENOUGH._replace(seconds=0.1), "within 0.1 s"),
        (("fill", 600), ENOUGH, "in 512 MiB of memory"),
    ],
)
def test_who_takes_more_than_it_was_given_is_ended_and_the_next_is_answered(
    child: Child, asked: object, budget: Budget, says: str
) -> None:
    assert child.ask(("say", 1), ENOUGH) == 2
    with pytest.raises(OverBudget, match=f"^{says}$"):
        child.ask(asked, budget)
    assert child.ask(("say", 2), ENOUGH) == 3


def test_what_one_request_took_counts_for_no_other(child: Child) -> None:
    each = ENOUGH._replace(processor_seconds=0.5, memory=300 * MIB)
    pid = child.ask(("pid", 0), each)
    for _ in range(4):
        assert child.ask(("fill", 200), each) == 200 * MIB
        assert child.ask(("compute", 10**6), each)
    assert child.ask(("pid", 0), each) == pid


@pytest.mark.parametrize("how", ["die", "mistake"])
def test_a_child_that_ends_by_itself_is_told_from_one_that_took_too_much(child: Child, how: str) -> None:
    with pytest.raises(ChildEnded):
        child.ask((how, 0), ENOUGH)
    assert child.ask(("say", 1), ENOUGH) == 2


def test_a_child_that_ends_says_where_and_nothing_of_what_it_read(child: Child, tmp_path: Path) -> None:
    with pytest.raises(ChildEnded):
        child.ask(("quote", str(tmp_path / "log")), ENOUGH)
    said = (tmp_path / "log").read_text()
    assert re.search(r'critical reader reading_process_ended error="ValueError at nursery.py:.* > test_child.py:', said)
    assert "19500523" not in said


def test_a_disk_that_cannot_be_read_is_told_as_the_child_met_it(child: Child) -> None:
    with pytest.raises(ArchiveAway, match="the archive is away"):
        child.ask(("away", 0), ENOUGH)
    with pytest.raises(OSError, match="Input/output error"):
        child.ask(("broken", 0), ENOUGH)
    assert child.ask(("say", 1), ENOUGH) == 2


def test_children_work_beside_each_other_and_leave_nobody_behind(nursery: Nursery) -> None:
    children = [Child(nursery) for _ in range(3)]
    pids = [child.ask(("pid", 0), ENOUGH) for child in children]
    assert len(set(pids)) == 3
    children[0].stop()
    assert not psutil.pid_exists(pids[0])
    nursery.close()
    assert not any(map(psutil.pid_exists, pids))
    assert not [one for one in psutil.Process().children() if one.status() == psutil.STATUS_ZOMBIE]
