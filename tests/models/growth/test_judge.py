"""What growth maps are judged beside, and how: on lesions whose growth is known."""

import numpy as np
import pytest

from models.growth.baselines import NO_CHANGE, OWN_RATE, RADIUS, RATE, Dilation, outlines, own_rate_mm
from models.growth.cohort import GrowthPatient, GrowthVisit
from models.growth.judge import CONVLSTM, DICE, ERROR, METHODS, Judged, figures, parts
from models.growth.maps import dice
from tests.models.growth.balls import ball


def patient(*visits: tuple[float, float], number: int = 1) -> GrowthPatient:
    """A ball at each visit: day, radius in mm."""
    return GrowthPatient(number, tuple(GrowthVisit(day, ball(mm), False, False, 0, 0.0) for day, mm in visits), {})


def test_the_best_radius_and_the_best_rate_are_those_by_which_lesions_grew() -> None:
    same_steps = [patient((0, 10), (30, 14), number=1), patient((0, 16), (90, 20), number=2)]
    assert Dilation.of(same_steps).radius_mm == pytest.approx(4.0, abs=1.0)
    same_rates = [patient((0, 12), (50, 15), number=1), patient((0, 12), (150, 21), number=2)]
    assert Dilation.of(same_rates).rate_mm == pytest.approx(0.06, abs=0.01)


def test_a_patient_who_goes_on_as_before_is_forecast_by_the_own_last_rate() -> None:
    steady = patient((0, 10), (40, 14), (90, 19))
    found = outlines(steady, 1, Dilation(0.0, 0.0))
    assert own_rate_mm(steady, 1) == pytest.approx(0.1, abs=0.01)
    assert dice(found[OWN_RATE], ball(19)) > 0.95 > dice(found[NO_CHANGE], ball(19))
    assert own_rate_mm(steady, 0) == 0.0


def test_a_shrinking_lesion_is_moved_inwards_and_one_that_is_gone_stays_gone() -> None:
    shrinking = patient((0, 20), (60, 14), (120, 8), (180, 0))
    assert dice(outlines(shrinking, 1, Dilation(0.0, 0.0))[OWN_RATE], ball(8)) > 0.75
    gone = patient((0, 20), (60, 0), (120, 5))
    assert not gone.visits[1].inside.any()
    assert not any(found.any() for found in outlines(gone, 1, Dilation(3.0, 0.05)).values())


def test_without_any_change_every_even_dilation_of_nothing_is_the_last_outline() -> None:
    found = outlines(patient((0, 12), (60, 12)), 0, Dilation(0.0, 0.0))
    assert all(np.array_equal(found[name], ball(12)) for name in (NO_CHANGE, RADIUS, RATE, OWN_RATE))


def judged(forecasts: int) -> Judged:
    """Two forecasts of each patient: the network overlaps by 0.9 and errs by 1 ml, the others by 0.7 and 3 ml."""
    overlap, error = ([value, *[other] * (len(METHODS) - 1)] for value, other in ((0.9, 0.7), (1.0, 3.0)))
    volumes = np.tile([[4.0, 5.0, 6.0], [8.0, 9.0, 9.5]], (forecasts // 2, 1))
    now, coming = np.tile([5.0, 9.5], forecasts // 2), np.tile([5.5, 20.0], forecasts // 2)
    numbers = np.arange(forecasts)
    return Judged(
        numbers // 2,
        numbers % 2,
        np.tile(overlap, (forecasts, 1)),
        np.tile(error, (forecasts, 1)),
        now,
        coming,
        volumes,
    )


def test_figures_are_means_with_what_the_network_is_ahead_by() -> None:
    found = figures(judged(40), np.ones(40, dtype=bool))
    assert (found["patients"], found["forecasts"]) == (20, 40)
    assert found[DICE][CONVLSTM][0] == pytest.approx(0.9)
    assert found[f"{DICE}: {CONVLSTM} minus"][NO_CHANGE][0] == pytest.approx(0.2)
    assert found[f"{ERROR}: {CONVLSTM} minus"][RADIUS][0] == pytest.approx(-2.0)
    assert found["90 % interval holds"][0] == pytest.approx(0.5)


def test_parts_tell_first_from_later_visits_and_growth_from_the_rest() -> None:
    found = parts(judged(40))
    assert found["after the first visit"].sum() == found["after the second visit"].sum() == 20
    assert found["lesion grows by 40 % or more"].sum() == 20 == found["between"].sum()
