"""Short forms of the long runs in which connections are cut; nobody steps in."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.network import Network, cuttable_network
from tests.faults.traffic import follow_up
from tests.faults.trial import Trial

PATIENTS, VISITS = 20, 4
LONGEST_SECONDS = 10.0
RNG = random.Random(4)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with cuttable_network(tmp_path_factory.mktemp("network"), 2) as network:
        yield network


@pytest.fixture(scope="module")
def trial(network: Network) -> Trial:
    return Trial(network.service)


def test_a_commit_that_nobody_hears_of_counts_once(network: Network, trial: Trial, tmp_path: Path) -> None:
    trial.amid(follow_up(tmp_path / "commits", RNG, PATIENTS, VISITS), RNG, 6, partial(network.cut_a_commit, RNG))
    assert network.postgres.commits_cut >= 5
    trial.all_arrived()


def test_a_network_cut_for_a_while_costs_time_only(network: Network, trial: Trial, tmp_path: Path) -> None:
    fault = partial(network.cut, RNG, LONGEST_SECONDS)
    trial.amid(follow_up(tmp_path / "cuts", RNG, PATIENTS, VISITS), RNG, 2, fault)
    trial.all_arrived()


def test_after_all_these_cuts_every_invariant_holds(trial: Trial) -> None:
    trial.all_holds()
