import math

import numpy as np
import pytest

from models.forecast import Forecast, ResponseForecast, RiskForecast, SizeForecast, of_kind
from models.serving.forecaster import Forecaster, committed_forecasters
from models.timepoint import TreatmentInForce
from tests.models.timelines import features_of, mr, point, risks, sizes

EXTREMES = {
    "grown and still growing": sizes(50, 80, 120, 170),
    "gone and back": sizes(40, 0, 0, 30),
    "enormous": sizes(2000, 3000),
    "nothing there": sizes(0, 0, 0),
    "twice on one day": sizes(50, 50, gap_days=0.0),
    "ten years apart": sizes(50, 20, gap_days=3650.0),
    "five hundred visits": sizes(*range(500, 0, -1)),
}


@pytest.mark.parametrize("timeline", EXTREMES.values(), ids=EXTREMES)
def test_every_timeline_gets_a_sane_answer(progression: Forecaster, timeline: list) -> None:
    state = progression.initial(1)
    for timepoint in timeline:
        state, [made] = progression.advance(state, [timepoint])
        assert np.isfinite(state).all()
        told = of_kind(RiskForecast, made)
        assert all(0 <= each.risk_low <= each.risk <= each.risk_high <= 1 for each in told)
        within = [each.risk for each in told if each.horizon_kind == "days"]
        assert sorted(within) == within  # longer horizons, higher risk
        [size] = of_kind(SizeForecast, made)
        for value, low, high in zip(size.value, size.value_low, size.value_high, strict=True):
            assert 0 <= max(low) <= value <= min(high)
            assert max(high) < np.inf
        for response in of_kind(ResponseForecast, made):
            assert sum(chances(response)) == pytest.approx(1.0, abs=1e-6)
            assert min(chances(response)) >= 0


@pytest.mark.parametrize("impossible", [-3.0, 10_000.0, math.inf, -math.inf, math.nan])
def test_an_impossible_size_counts_as_not_measured_and_nothing_that_is_no_number_is_said(
    progression: Forecaster, impossible: float
) -> None:
    missing, given = (
        after(progression, [*sizes(60, 50), point(sum_of_diameters=at), *sizes(48)[-1:]])
        for at in (math.nan, impossible)
    )
    assert given == missing
    first_of_all = after(progression, [point(sum_of_diameters=impossible)])
    assert all(0 <= each.risk_low <= each.risk <= each.risk_high <= 1 for each in of_kind(RiskForecast, first_of_all))
    assert len(first_of_all) == len(progression.card.endpoints)  # no size, no response


@pytest.mark.parametrize("days", [-1.0, math.inf, math.nan])
def test_time_that_does_not_pass_is_refused(progression: Forecaster, days: float) -> None:
    with pytest.raises(ValueError, match="days since the last scan are 0 or more"):
        progression.advance(progression.initial(1), [point(elapsed_days=days, sum_of_diameters=50)])


def test_growth_raises_the_risk_and_shrinkage_lowers_it(progression: Forecaster, response: Forecaster) -> None:
    assert (risks(progression, sizes(60, 68))[-1] > risks(progression, sizes(60, 40))[-1]).all()
    assert risks(response, mr(20, 5, 1))[-1, 0] > risks(response, mr(20, 25, 30))[-1, 0]


def test_a_progressed_patient_keeps_a_high_risk_while_growing(progression: Forecaster) -> None:
    assert risks(progression, sizes(50, 80, 120))[-1, 1] > 0.7


def test_the_endpoints_are_those_of_the_card(progression: Forecaster, response: Forecaster) -> None:
    _, [made] = progression.advance(progression.initial(1), sizes(50))
    assert [(f.endpoint, f.horizon_kind, f.horizon_days) for f in of_kind(RiskForecast, made)] == [
        *(("progression", "days", days) for days in (90, 180, 365)),
        ("progression", "next_visit", None),
    ]
    _, [made] = response.advance(response.initial(1), mr(20))
    assert [(f.endpoint, f.horizon_kind, f.horizon_days) for f in made] == [("pcr", "end_of_treatment", None)]


def after(forecaster: Forecaster, timeline: list) -> list[Forecast]:
    """What is said after the last visit."""
    state = forecaster.initial(1)
    for timepoint in timeline:
        state, [made] = forecaster.advance(state, [timepoint])
    return made


def test_a_size_is_forecast_on_every_day_and_level_and_is_less_sure_further_ahead(progression: Forecaster) -> None:
    [size] = of_kind(SizeForecast, after(progression, sizes(60, 50, 50)))
    assert size.horizon_days == progression.card.architecture.size_days
    assert size.level == (0.5, 0.8, 0.95)
    for value, low, high in zip(size.value, size.value_low, size.value_high, strict=True):
        assert [*low[::-1], value, *high] == sorted([*low, value, *high])
    widths = [high[1] - low[1] for low, high in zip(size.value_low, size.value_high, strict=True)]
    assert sorted(widths) == widths


def test_a_larger_tumour_is_expected_to_stay_larger(progression: Forecaster) -> None:
    [small], [large] = (
        of_kind(SizeForecast, after(progression, sizes(first, last))) for first, last in ((30, 25), (90, 75))
    )
    assert all(less < more for less, more in zip(small.value, large.value, strict=True))


def test_no_size_is_forecast_by_a_model_that_sees_none(response: Forecaster) -> None:
    assert of_kind(SizeForecast, after(response, mr(20, 5))) == of_kind(ResponseForecast, after(response, mr(20))) == []


def chances(response: ResponseForecast) -> tuple[float, ...]:
    """Complete, partial, stable, progressive."""
    return response.cr, response.pr, response.sd, response.pd


def test_a_response_once_reached_stays_the_best_one(progression: Forecaster) -> None:
    """RECIST 1.1: gone is complete, 30 % below the first sum is partial, whatever comes after."""
    [partial] = of_kind(ResponseForecast, after(progression, sizes(100, 69, 76)))
    assert (partial.sd, partial.pd) == (0.0, 0.0)
    assert partial.pr > 0.8
    [complete] = of_kind(ResponseForecast, after(progression, sizes(100, 0, 3)))
    assert complete.cr == 1.0
    [stable] = of_kind(ResponseForecast, after(progression, sizes(100, 95, 90)))
    assert stable.pd == 0.0  # it has been stable, so that is the least it was
    assert stable.sd > stable.pr > stable.cr > 0


def test_after_the_first_scan_every_response_is_open_and_progression_is_what_lies_beyond_the_limit(
    progression: Forecaster,
) -> None:
    made = after(progression, sizes(100))
    [response] = of_kind(ResponseForecast, made)
    assert min(chances(response)) > 0
    [next_visit] = [each for each in of_kind(RiskForecast, made) if each.horizon_kind == "next_visit"]
    assert response.pd == pytest.approx(next_visit.risk, abs=1e-5)


def test_after_progression_the_best_response_is_settled_and_not_forecast(progression: Forecaster) -> None:
    assert of_kind(ResponseForecast, after(progression, sizes(50, 80))) == []


def test_the_risk_at_the_next_visit_grows_as_the_limit_comes_nearer(progression: Forecaster) -> None:
    near = [risks(progression, sizes(60, 60, now))[-1, 3] for now in (60, 66, 70, 71)]
    assert sorted(near) == near
    assert near[-1] > 2 * near[0]


def test_a_model_runs_only_where_its_card_says(progression: Forecaster, response: Forecaster) -> None:
    diameters, volume = features_of(sum_of_diameters=40.0), features_of(volume=3.0)
    assert progression.applies("lung", diameters)
    assert progression.applies("bladder", diameters)
    assert not progression.applies("brain", diameters)
    assert not progression.applies("unknown", diameters)
    assert not progression.applies("lung", volume)
    assert response.applies("breast", volume)
    assert not response.applies("breast", features_of(sum_of_diameters=40.0))


def test_a_model_never_sees_a_value_it_was_not_trained_for(progression: Forecaster) -> None:
    bare = point(elapsed_days=0, sum_of_diameters=50)
    more = point(elapsed_days=0, sum_of_diameters=50, volume=12, sphericity=0.4, clinical={"age": 50})
    assert (
        progression.advance(progression.initial(1), [bare])[1] == progression.advance(progression.initial(1), [more])[1]
    )


def test_clinical_facts_help_where_known_and_are_not_needed(response: Forecaster) -> None:
    def risk(**clinical: object) -> float:
        first = point(elapsed_days=0, disease="breast", volume=10, clinical=clinical)
        return response.advance(response.initial(1), [first])[1][0][0].risk

    assert risk(hr=0, her2=1) > risk() > risk(hr=1, her2=0)  # known from trials: HER2+ responds, HR+ HER2- seldom
    assert risk(age="not told", hr="") == risk()


def test_the_arm_is_known_from_treatments_in_force_too(response: Forecaster) -> None:
    drugs = ("Paclitaxel", "Pertuzumab", "Trastuzumab")
    given = tuple(TreatmentInForce(name, "drug", 1.0, None) for name in drugs)
    bare = point(elapsed_days=0, disease="breast", volume=10)
    by_treatment = type(bare)(bare.x, 0.0, "breast", given, {})
    by_arm = type(bare)(bare.x, 0.0, "breast", (), {"arm": " + ".join(drugs)})
    found = response.advance(response.initial(2), [by_treatment, by_arm])[1]
    assert found[0] == found[1]


def test_the_committed_cards_say_what_a_reader_must_know() -> None:
    for forecaster in committed_forecasters("cpu"):
        card = forecaster.card
        assert card.weights_sha256 == forecaster.weights_version
        assert "Research use only" in card.intended_use
        assert card.training_data["licence"].startswith("CC BY")
        assert len(card.patient_sha256) == card.training_data["patients"]
        assert card.state_layout["size"] == forecaster.initial(1).shape[1]
        assert 4 * card.state_layout["size"] <= 4096  # bytes kept per visit and patient


def test_no_committed_model_is_worse_than_logistic_regression_beyond_noise() -> None:
    """Over all landmarks, cross-validated as the card has it: no interval of a difference in AUC lies below zero.

    Single landmarks and trials are many and small; where a simple model errs less, the card's limits say so.
    """
    for forecaster in committed_forecasters("cpu"):
        scores = [score for score in forecaster.card.metrics["scores"] if score["measure"] == "AUC"]
        scores = [score for score in scores if "," not in score["place"]]
        assert scores
        for score in scores:
            _, _, high = score["lead minus logistic regression"]
            assert high > 0, (forecaster.card.model, score)
