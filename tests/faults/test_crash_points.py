"""The long form of the crash points (`make faults`): every point with every kind of message that reaches it.

A part of it: `-k worker-reconcile`, `-k "gateway and sr"`.
"""

from collections.abc import Iterator

import pytest

from tests.faults.crash_page import Run
from tests.faults.crash_table import Crash, crashes
from tests.faults.crashing import Crashing
from tests.faults.crashing import crashing as crashing


@pytest.fixture(scope="module")
def run(pytestconfig: pytest.Config) -> Iterator[Run]:
    """This run, which ends with a row on its page."""
    run = Run(pytestconfig.getoption("keyword"))
    yield run
    run.write()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("crash", list(crashes()), ids=str)
def test_a_part_that_ends_between_two_durable_effects_loses_and_doubles_nothing(
    crashing: Crashing, run: Run, crash: Crash
) -> None:
    with run.tried(crash):
        for count in crash.counts:
            crash.happens(crashing, count)
