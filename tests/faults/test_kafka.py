"""The long forms of Kafka that dies, loses its data or its offsets."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.faults import delete_offsets, kill_kafka, lose_kafka
from tests.faults.page import recorded
from tests.faults.traffic import follow_up
from tests.faults.trial import Trial, survive
from tests.journey.service import Service, running_service

SEEDS = (1,)
KILLS, LOSSES, DELETIONS = 20, 3, 5
PATIENTS, VISITS = 100, 10


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("run", "full", "fault"),
    [("killed", KILLS, kill_kafka), ("data lost", LOSSES, lose_kafka), ("offsets deleted", DELETIONS, delete_offsets)],
)
def test_kafka_may_die_and_forget(
    run: str, full: int, fault: Callable[[Service], None], seed: int, times: Callable[[int], int], tmp_path: Path
) -> None:
    rng, number = random.Random(seed), times(full)
    with recorded("kafka", run, seed) as counts, running_service(tmp_path, workers=2) as service:
        traffic = follow_up(tmp_path / "kafka", rng, PATIENTS, VISITS)
        survive(Trial(service), traffic, rng, number, lambda: fault(service), counts)
