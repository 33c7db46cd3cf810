import json
from dataclasses import replace

import torch

from models.card import COMMITTED, Card
from models.explaining.arms import AS_NOW, by_arm, sees_treatments
from models.explaining.risk_change import fold
from models.forecast import RiskForecast, of_kind
from models.serving.forecaster import Forecaster
from models.serving.weights import load_weights
from models.timepoint import Timepoint
from models.training.fitted_card import FEWEST_IN_ARM, arms_of
from tests.models.timelines import made_timelines, mr, simulated, sizes


def risks_of(forecaster: Forecaster, timeline: list[Timepoint]) -> list[RiskForecast]:
    return of_kind(RiskForecast, fold(forecaster, timeline)[1])


def in_arm(arm: str, timeline: list[Timepoint]) -> list[Timepoint]:
    """The timeline of a patient who was in `arm` from the first visit on."""
    return [replace(each, clinical={**each.clinical, "arm": arm}) for each in timeline]


def test_each_row_is_the_fold_of_the_whole_timeline_in_that_arm(response: Forecaster) -> None:
    for timeline in simulated("breast", 40):
        points = timeline.timepoints()
        now, *others = by_arm(response, points)
        assert (now.arm, list(now.forecasts)) == (AS_NOW, risks_of(response, points))
        assert tuple(each.arm for each in others) == response.card.arms
        for each in others:
            assert list(each.forecasts) == risks_of(response, in_arm(each.arm, points))


def test_the_arm_a_patient_is_in_says_the_same_as_now_and_the_others_do_not(response: Forecaster) -> None:
    arm = "Paclitaxel + Pembrolizumab"
    now, *others = by_arm(response, in_arm(arm, mr(20, 8)))
    same = [each.arm for each in others if each.forecasts == now.forecasts]
    assert same == [arm]


def test_a_model_that_sees_no_treatment_is_not_asked_what_another_one_would_bring(progression: Forecaster) -> None:
    assert not sees_treatments(progression)
    assert by_arm(progression, sizes(50, 60)) == []


def test_the_arms_of_a_card_are_those_with_enough_training_patients() -> None:
    timeline = made_timelines("response")[0]
    many = [replace(timeline, arm="Paclitaxel")] * FEWEST_IN_ARM
    few = [replace(timeline, arm="Paclitaxel + Neratinib")] * (FEWEST_IN_ARM - 1)
    assert arms_of([*many, *few, replace(timeline, arm="")]) == ("Paclitaxel",)


def test_a_card_from_before_arms_were_named_leaves_the_patient_as_now_alone() -> None:
    card, parameters = load_weights(COMMITTED / "response")
    fields = json.loads(card.to_json())
    del fields["arms"]
    older = Forecaster(Card.of(fields), parameters, torch.device("cpu"))
    assert [each.arm for each in by_arm(older, mr(20, 8))] == [AS_NOW]
