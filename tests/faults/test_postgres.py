"""The long forms of Postgres that goes away, wholly or for one connection, and of commits nobody hears of."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.faults.faults import stop_postgres, terminate_a_backend
from tests.faults.network import cuttable_network
from tests.faults.page import recorded
from tests.faults.traffic import follow_up
from tests.faults.trial import Trial, survive
from tests.journey.service import running_service

SEEDS = (1,)
STOPS, TERMINATIONS, COMMITS = 30, 200, 50
PATIENTS, VISITS = 250, 10

pytestmark = pytest.mark.timeout(3600)


def test_postgres_stopped_in_immediate_mode_comes_back_by_itself(
    seed: int, times: Callable[[int], int], tmp_path: Path
) -> None:
    rng, stops = random.Random(seed), times(STOPS)
    with recorded("postgres", "stopped in immediate mode", seed) as counts, running_service(tmp_path, workers=2) as up:
        traffic = follow_up(tmp_path / "stops", rng, PATIENTS, VISITS)
        survive(Trial(up), traffic, rng, stops, partial(stop_postgres, up), counts)


def test_terminated_backends_are_replaced(seed: int, times: Callable[[int], int], tmp_path: Path) -> None:
    rng, terminations = random.Random(seed), times(TERMINATIONS)
    with recorded("postgres", "backends terminated", seed) as counts, running_service(tmp_path, workers=2) as up:
        traffic = follow_up(tmp_path / "terminations", rng, PATIENTS, VISITS)
        survive(Trial(up), traffic, rng, terminations, partial(terminate_a_backend, up, rng), counts)


def test_a_commit_that_nobody_hears_of_counts_once(seed: int, times: Callable[[int], int], tmp_path: Path) -> None:
    rng, cuts = random.Random(seed), times(COMMITS)
    with recorded("postgres", "commits unheard of", seed) as counts, cuttable_network(tmp_path, 2) as net:
        traffic = follow_up(tmp_path / "commits", rng, PATIENTS, VISITS)
        survive(Trial(net.service), traffic, rng, cuts, partial(net.cut_a_commit, rng), counts)
        counts["commits cut"] = net.postgres.commits_cut
        assert net.postgres.commits_cut >= cuts - 1  # the last may have come too late
