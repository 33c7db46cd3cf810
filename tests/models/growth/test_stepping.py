"""A growth map's state: stepped and stored visit by visit it is what unrolling all visits at once gives."""

import numpy as np
import pytest
import torch

from models.growth import forecaster, network
from models.growth.card import GROWTH_CARD, GrowthCard, load_growth
from models.growth.cohort import GrowthPatient, simulated
from models.growth.fit import distances, givens
from models.growth.maps import VOXELS, volume_ml
from models.growth.network import VisitContext, context_of
from tests.models.growth.balls import ball

Loaded = tuple[GrowthCard, dict[str, torch.Tensor]]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load_growth(GROWTH_CARD)


@pytest.fixture(scope="module")
def patient() -> GrowthPatient:
    """Nobody the weights learned from, followed into a second line of therapy."""
    others = map(simulated, range(5001, 5020))
    return next(each for each in others if len(each.visits) > 3 and each.visits[-1].line == 2)


def states(parameters: dict[str, torch.Tensor], patient: GrowthPatient) -> list[network.GrowthState]:
    """The state after each visit, through bytes each time."""
    state, found = forecaster.initial(), []
    for visit, given in zip(patient.visits, givens(patient.visits), strict=True):
        before = forecaster.from_bytes(forecaster.to_bytes(state))
        state = forecaster.step(parameters, before, visit.inside, given)
        found.append(state)
    return found


def test_stepping_visit_by_visit_with_stored_state_equals_unrolling_all_visits_at_once(
    loaded: Loaded, patient: GrowthPatient
) -> None:
    _, parameters = loaded
    contexts = [context_of(given).expand(VOXELS, -1) for given in givens(patient.visits)]
    days = [torch.full((VOXELS,), 60.0) for _ in patient.visits]
    at_once = network.unroll(parameters, list(torch.from_numpy(distances(patient))), contexts, days)
    for state, logits in zip(states(parameters, patient), at_once, strict=True):
        stepped = forecaster.forecast(parameters, state, 60.0)
        np.testing.assert_allclose(stepped.chance, torch.sigmoid(logits), atol=1e-6)


def test_a_state_is_as_large_as_the_card_says_and_comes_back_from_bytes(loaded: Loaded, patient: GrowthPatient) -> None:
    card, parameters = loaded
    state = states(parameters, patient)[-1]
    stored = forecaster.to_bytes(state)
    assert len(stored) == 4 * card.state_layout["size"]
    assert forecaster.to_bytes(forecaster.from_bytes(stored)) == stored


def test_bytes_that_are_no_state_are_refused(loaded: Loaded) -> None:
    stored = forecaster.to_bytes(forecaster.initial())
    with pytest.raises(ValueError, match="are no state"):
        forecaster.from_bytes(stored[:-4])
    with pytest.raises(ValueError, match="not finite"):
        forecaster.from_bytes(np.array([np.nan], dtype="<f4").tobytes() + stored[4:])


def test_stepping_and_forecasting_change_nothing_they_were_given_and_repeat_themselves(
    loaded: Loaded, patient: GrowthPatient
) -> None:
    _, parameters = loaded
    state, visit = states(parameters, patient)[0], patient.visits[1]
    before, given = forecaster.to_bytes(state), givens(patient.visits)[1]
    first, second = (forecaster.step(parameters, state, visit.inside, given) for _ in range(2))
    maps = [forecaster.forecast(parameters, state, 45.0).chance.tobytes() for _ in range(2)]
    assert forecaster.to_bytes(first) == forecaster.to_bytes(second) and maps[0] == maps[1]
    assert forecaster.to_bytes(state) == before


def test_of_two_lesions_of_one_size_the_one_that_grew_is_forecast_larger(loaded: Loaded) -> None:
    _, parameters = loaded
    first, under_drug = VisitContext(None, False, False, 0, 0.0), VisitContext(60.0, True, False, 1, 46.0)
    found = {}
    for name, before_mm in (("grew", 10.0), ("stayed", 15.0)):
        state = forecaster.step(parameters, forecaster.initial(), ball(before_mm), first)
        found[name] = forecaster.forecast(parameters, forecaster.step(parameters, state, ball(15.0), under_drug), 60.0)
    assert volume_ml(found["grew"].inside) > 1.1 * volume_ml(found["stayed"].inside)
    assert found["grew"].volume.volume > 1.1 * found["stayed"].volume.volume


def test_a_map_further_ahead_of_a_growing_lesion_is_larger_and_less_sure(
    loaded: Loaded, patient: GrowthPatient
) -> None:
    _, parameters = loaded
    state = states(parameters, patient)[-1]
    soon, later = (forecaster.forecast(parameters, state, days).volume for days in (30.0, 120.0))
    assert later.high - later.low > soon.high - soon.low
    assert soon.low <= soon.volume <= soon.high


def test_a_visit_after_years_is_taken_as_one_after_the_longest_gap_learned_from(
    loaded: Loaded, patient: GrowthPatient
) -> None:
    _, parameters = loaded
    state = states(parameters, patient)[0]
    longest, years = (
        forecaster.step(parameters, state, patient.visits[1].inside, VisitContext(days, True, False, 1, line_days))
        for days, line_days in ((150.0, 540.0), (1500.0, 1486.0))
    )
    assert forecaster.to_bytes(longest) == forecaster.to_bytes(years)


@pytest.mark.parametrize("days", [0.0, -3.0, float("nan"), 20.0, 151.0])
def test_a_forecast_looks_no_further_than_weights_learned_from(loaded: Loaded, days: float) -> None:
    with pytest.raises(ValueError, match="look 21 to 150 days ahead"):
        forecaster.forecast(loaded[1], forecaster.initial(), days)


def test_an_outline_of_another_shape_is_refused(loaded: Loaded) -> None:
    first = VisitContext(None, False, False, 0, 0.0)
    with pytest.raises(ValueError, match="no crop of"):
        forecaster.step(loaded[1], forecaster.initial(), np.zeros((3, 4, 5), dtype=bool), first)
