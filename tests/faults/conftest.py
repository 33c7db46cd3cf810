"""What `make faults` can be asked for: another seed, another number of faults."""

from collections.abc import Callable

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="this seed and no other")
    parser.addoption("--times", type=int, help="this many faults in each run instead of the full number")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A run that takes a seed runs once for every seed of its module's SEEDS."""
    if "seed" in metafunc.fixturenames:
        asked = metafunc.config.getoption("seed")
        metafunc.parametrize("seed", metafunc.module.SEEDS if asked is None else [asked])


@pytest.fixture
def times(pytestconfig: pytest.Config) -> Callable[[int], int]:
    """The number of faults: what was asked for, else the full number."""
    return lambda full: pytestconfig.getoption("times") or full
