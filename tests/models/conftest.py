"""The committed forecasters, loaded once, and one core for all."""

from collections.abc import Iterator

import pytest
import torch

import models.statistics.metrics
from models.card import COMMITTED
from models.serving.forecaster import Forecaster, committed_forecasters, load_forecaster
from models.training import boosting, fit


@pytest.fixture(scope="session", autouse=True)
def one_core() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session", autouse=True)
def few_resamples() -> Iterator[None]:
    """No test here is about how exact an interval is; with 200 resamples judging alone takes minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.statistics.metrics, "RESAMPLES", 20)
        yield


@pytest.fixture(scope="module")
def few_trees() -> Iterator[None]:
    """For files that are about what is judged and said, not about how well trees are fitted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosting, "TREES", 10)
        yield


@pytest.fixture(scope="module")
def as_they_are() -> Iterator[None]:
    """For files that are about what becomes of a fit: its patients are shown as they are, not also otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "COPIES", 0)
        yield


@pytest.fixture(scope="session")
def progression() -> Forecaster:
    return load_forecaster(COMMITTED / "progression", "cpu")


@pytest.fixture(scope="session")
def response() -> Forecaster:
    return load_forecaster(COMMITTED / "response", "cpu")


@pytest.fixture(scope="session", params=["progression", "response"])
def forecaster(request: pytest.FixtureRequest) -> Forecaster:
    return next(each for each in committed_forecasters("cpu") if each.card.model == request.param)
