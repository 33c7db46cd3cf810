"""The long form of a killed gateway: 50 kills while images arrive."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.gateway import check_files, images, kill_gateway
from tests.faults.page import recorded
from tests.journey.service import running_service

SEEDS = (1,)
KILLS, FILES_EACH = 50, 12


@pytest.mark.timeout(3600)
def test_what_a_killed_gateway_had_answered_is_found_whole(
    seed: int, times: Callable[[int], int], tmp_path: Path
) -> None:
    rng, kills = random.Random(seed), times(KILLS)
    with recorded("killed_gateway", "kill -9", seed) as counts, running_service(tmp_path) as service:
        paths = images(tmp_path / "door", rng, kills * FILES_EACH)
        counts["kills"] = kills
        counts |= check_files(service, paths, kill_gateway(service, paths, rng, kills))
