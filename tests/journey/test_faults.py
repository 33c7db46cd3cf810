"""Short forms of the long fault runs (`make faults`) against one service, which is never helped."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.faults import (
    delete_offsets,
    freeze_a_worker,
    group,
    kill_a_worker,
    kill_kafka,
    lose_kafka,
    stop_postgres,
    terminate_a_backend,
)
from tests.faults.first_row import seconds_after_a_kill
from tests.faults.traffic import follow_up
from tests.faults.trial import Trial
from tests.journey.service import SETTLE_SECONDS, Service, running_service
from tests.waiting import wait_until

PATIENTS, VISITS = 20, 4
RNG = random.Random(4)

FAULTS: dict[str, tuple[int, Callable[[Service], None]]] = {
    "workers killed": (2, partial(kill_a_worker, rng=RNG)),
    "a worker frozen for three session timeouts": (1, partial(freeze_a_worker, rng=RNG)),
    "backends of Postgres terminated": (6, partial(terminate_a_backend, rng=RNG)),
    "Postgres stopped in immediate mode": (1, stop_postgres),
    "Kafka killed": (1, kill_kafka),
    "Kafka's offsets deleted": (1, delete_offsets),
}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with running_service(tmp_path_factory.mktemp("faults"), workers=2) as service:
        yield Trial(service)


@pytest.mark.parametrize("name", FAULTS)
def test_after_a_fault_amid_traffic_all_scans_stand_once(trial: Trial, tmp_path: Path, name: str) -> None:
    times, fault = FAULTS[name]
    traffic = follow_up(tmp_path / name.replace(" ", "-"), RNG, PATIENTS, VISITS)
    trial.amid(traffic, RNG, times, partial(fault, trial.service))
    trial.all_arrived()


def test_topics_made_again_long_after_kafka_lost_its_data_are_read(trial: Trial, tmp_path: Path) -> None:
    service = trial.service
    lose_kafka(service)
    wait_until(lambda: group(service) == ("Stable", 2), SETTLE_SECONDS)  # over topics that are not there
    trial.send(follow_up(tmp_path / "made-again", RNG, PATIENTS, VISITS))
    trial.all_arrived()


def test_the_partitions_of_a_killed_worker_go_on(trial: Trial, tmp_path: Path) -> None:
    first, slowest = seconds_after_a_kill(trial, tmp_path / "first-row", RNG)
    assert 0 < first <= slowest
    trial.all_arrived()


def test_after_all_these_faults_every_invariant_holds(trial: Trial) -> None:
    trial.all_holds()
