"""The long forms of a network that is cut for a while, and of a worker that stands still as long."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.faults.faults import freeze_a_worker
from tests.faults.network import cuttable_network
from tests.faults.page import recorded
from tests.faults.traffic import follow_up
from tests.faults.trial import Trial, survive
from tests.journey.service import running_service

SEEDS = (1,)
CUTS, FREEZES = 20, 10
PATIENTS, VISITS = 100, 10

pytestmark = pytest.mark.timeout(5400)


def test_a_network_cut_for_a_while_costs_time_only(seed: int, times: Callable[[int], int], tmp_path: Path) -> None:
    rng, cuts = random.Random(seed), times(CUTS)
    with recorded("network", "cut for 5 to 120 s", seed) as counts, cuttable_network(tmp_path, 2) as network:
        traffic = follow_up(tmp_path / "cuts", rng, PATIENTS, VISITS)
        survive(Trial(network.service), traffic, rng, cuts, partial(network.cut, rng), counts)


def test_a_worker_taken_for_dead_that_goes_on_changes_nothing(
    seed: int, times: Callable[[int], int], tmp_path: Path
) -> None:
    rng, freezes = random.Random(seed), times(FREEZES)
    with recorded("network", "frozen for 30 s", seed) as counts, running_service(tmp_path, workers=2) as service:
        traffic = follow_up(tmp_path / "freezes", rng, PATIENTS, VISITS)
        survive(Trial(service), traffic, rng, freezes, partial(freeze_a_worker, service, rng), counts)
