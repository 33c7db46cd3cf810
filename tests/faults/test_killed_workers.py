"""The long form of killed workers: three of them, 5,000 scans of 500 patients, 200 kills in all."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.faults.faults import kill_a_worker
from tests.faults.page import recorded
from tests.faults.traffic import follow_up
from tests.faults.trial import Trial, survive
from tests.journey.service import running_service

SEEDS = (1, 2, 3)
KILLS = 67
PATIENTS, VISITS = 500, 10


@pytest.mark.timeout(7200)
def test_workers_killed_while_scans_flow_lose_and_double_nothing(
    seed: int, times: Callable[[int], int], tmp_path: Path
) -> None:
    rng, kills = random.Random(seed), times(KILLS)
    with recorded("killed_workers", "kill -9", seed) as counts, running_service(tmp_path, workers=3) as service:
        traffic = follow_up(tmp_path / f"seed{seed}", rng, PATIENTS, VISITS)
        survive(Trial(service), traffic, rng, kills, partial(kill_a_worker, service, rng), counts)
