"""Crash points: the list, the calls in the code and the table of the tests name the same steps."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import stream
from stream import crash
from stream.errors import WrongUse
from stream.settings import load_settings
from tests.faults.crash_table import TABLE

ARMED = """
from stream import crash
crash.arm("batch.taken:2")
for number in range(3):
    print(number, flush=True)
    crash.reach("batch.handled")
    crash.reach("batch.taken")
"""


def calls() -> Iterator[str]:
    """The name in every call of `reach` in the code."""
    for file in Path(stream.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "reach":
                yield ast.literal_eval(node.args[0])


def test_every_point_is_reached_at_exactly_one_place() -> None:
    assert Counter(calls()) == Counter(crash.POINTS.keys())
    assert len(crash.POINTS) >= 40


def test_the_table_tries_every_point() -> None:
    assert {point for _, point in TABLE} == set(crash.POINTS)


def test_an_armed_process_ends_by_sigkill_the_nth_time_it_reaches_the_point() -> None:
    ended = subprocess.run([sys.executable, "-c", ARMED], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (-9, "0\n1\n")


@pytest.mark.parametrize("wrong", ["reconcile.locked", "reconcile.locked:0", "reconcile.lokced:1", "1", ":", "a:b"])
def test_a_point_that_does_not_exist_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("SCANSTREAM_CRASH_AT", wrong)
    with pytest.raises(WrongUse, match="SCANSTREAM_CRASH_AT") as caught:
        load_settings()
    assert "\n" not in str(caught.value)
