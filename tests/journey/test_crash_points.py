"""The short form of the crash points: a few over gateway and worker (the long form: tests/faults)."""

import pytest

from tests.faults import crash_scenarios as kinds
from tests.faults.crash_table import Crash
from tests.faults.crashing import Crashing

FEW = [
    Crash("gateway", "spool.file_named", kinds.sr),
    Crash("gateway", "forwarding.committed", kinds.image_and_seg),
    Crash("worker", "assembly.committed", kinds.sr),
    Crash("worker", "reconcile.written", kinds.treatment),
    Crash("worker", "identity.changed", kinds.merge),
]


@pytest.mark.parametrize("crash", FEW, ids=str)
def test_a_part_that_ends_between_two_durable_effects_loses_and_doubles_nothing(
    crashing: Crashing, crash: Crash
) -> None:
    crash.happens(crashing, 1)
