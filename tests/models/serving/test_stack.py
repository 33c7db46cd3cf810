"""A stacked lead: what it says follows from its parts, and its parts say in service what they say in a comparison."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.card import UnusableWeights
from models.forecast import RiskForecast, of_kind
from models.judging.baselines.families import BOOSTING, RHYTHM, families
from models.judging.judge import risks_at
from models.serving.forecaster import Forecaster
from models.serving.stack import by_horizon, mean_of, shifted
from models.serving.weights import load_weights, save_weights
from models.tables.records import PatientRecord
from models.training.blueprints import BLUEPRINTS
from models.training.crossvalidation import forecast_pair
from models.training.fit import fit_forecaster
from models.training.landmarks import landmarks
from tests.models.judging.test_baselines import cohort
from tests.models.timelines import risks, sizes

BLUEPRINT = replace(BLUEPRINTS["progression"], epochs=2)


@pytest.fixture(scope="module")
def patients() -> list[PatientRecord]:
    return cohort(40)


@pytest.fixture(scope="module")
def lead(patients: list[PatientRecord]) -> Forecaster:
    return fit_forecaster(BLUEPRINT, patients, seed=3)


def test_the_lead_is_the_mean_of_its_network_and_the_simple_models_it_was_compared_with(
    lead: Forecaster, patients: list[PatientRecord]
) -> None:
    unseen = cohort(20, seed=9)
    rows, made = landmarks(unseen, BLUEPRINT), forecast_pair(lead, unseen)
    seen = landmarks(patients, BLUEPRINT)
    beside = [families(BLUEPRINT)[name](seen)(rows) for name in (RHYTHM, BOOSTING)]
    expected = np.mean([risks_at(rows, made.network, BLUEPRINT), beside[0]], axis=0)
    assert not np.allclose(expected, beside[0], atol=0.01)
    # trees are grown from a seed of their own in a comparison: only the regression can be held against it exactly
    logistic_only = replace(BLUEPRINT, architecture=replace(BLUEPRINT.architecture, stacked=("logistic",)))
    smaller = Forecaster(replace(lead.card, architecture=logistic_only.architecture), parameters_of(lead), lead.device)
    found = risks_at(rows, forecast_pair(smaller, unseen).lead, BLUEPRINT)
    at_next_visit = 0
    np.testing.assert_allclose(found[:, at_next_visit], expected[:, at_next_visit], atol=1e-5)


def parameters_of(forecaster: Forecaster) -> dict[str, torch.Tensor]:
    """The parameters a forecaster was made from."""
    stacked = {
        f"{kind}.{name}": torch.from_numpy(part)
        for kind, arrays in forecaster._arrays.items()
        for name, part in arrays.items()
    }
    return {**forecaster.parameters, **stacked}


def test_after_progression_the_network_speaks_alone(lead: Forecaster) -> None:
    timeline = sizes(50, 49, 80, 90)
    together, alone = risks(lead, timeline), risks(lead.alone(), timeline)
    assert not np.allclose(together[:2], alone[:2], atol=1e-4)
    np.testing.assert_allclose(together[2:], alone[2:], atol=1e-6)


def test_a_longer_horizon_never_has_a_smaller_risk_and_the_interval_holds_the_risk(lead: Forecaster) -> None:
    for made in (each for visits in forecast_pair(lead, cohort(20, seed=4)).lead for each in visits):
        told = of_kind(RiskForecast, made)
        within = [each.risk for each in told if each.horizon_days]
        assert within == sorted(within)
        assert all(0 <= each.risk_low <= each.risk <= each.risk_high <= 1 for each in told)


def test_the_interval_keeps_the_networks_width_in_log_odds() -> None:
    network, simple = torch.tensor([0.2, 0.5]), torch.tensor([[0.4, 0.5], [0.6, 0.5]])
    ends, mean = torch.tensor([[0.1, 0.4], [0.3, 0.6]]), mean_of(network, simple)
    torch.testing.assert_close(mean, torch.tensor([0.4, 0.5]))
    silent = torch.tensor([[0.4, torch.nan], [0.6, 0.7]])  # who does not answer does not count
    torch.testing.assert_close(mean_of(network, silent), torch.tensor([0.4, 0.6]))
    moved = shifted(ends, network, mean)
    torch.testing.assert_close(moved.logit().diff(dim=0), ends.logit().diff(dim=0))
    torch.testing.assert_close(moved[:, 1], ends[:, 1])  # models that agree move nothing


def test_horizons_are_put_in_order_and_the_next_visit_is_left_alone() -> None:
    made = by_horizon(torch.tensor([[0.3, 0.2, 0.5, 0.1]]), BLUEPRINT.endpoints)
    torch.testing.assert_close(made, torch.tensor([[0.3, 0.3, 0.5, 0.1]]))


def test_weights_without_a_model_that_their_card_stacks_are_refused(lead: Forecaster, tmp_path: Path) -> None:
    kept = {name: part for name, part in parameters_of(lead).items() if not name.startswith("boosting.")}
    save_weights(tmp_path, lead.card, kept)
    with pytest.raises(UnusableWeights, match="'boosting' that its card stacks"):
        load_weights(tmp_path)
