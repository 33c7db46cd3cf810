import json
from dataclasses import replace

import pytest
import torch

from models.card import COMMITTED, Card
from models.explaining.unusual import ranges_known, unusual
from models.features import FEATURE_NAMES
from models.serving.forecaster import Forecaster
from models.serving.weights import load_weights
from models.timepoint import Timepoint
from models.training.blueprints import RESPONSE
from models.training.fitted_card import ranges_of
from models.training.samples import samples, usable
from tests.models.timelines import mr, point, simulated, sizes

VOLUME = FEATURE_NAMES.index("volume")
PLANTED = {
    "sum_of_diameters.level": [point(elapsed_days=0, sum_of_diameters=1900)],
    "sum_of_diameters.since_last": sizes(10, 150),
    "elapsed": sizes(50, 50, gap_days=700.0),
    "visits": sizes(*[50] * 40, gap_days=7.0),
}


def names(forecaster: Forecaster, timeline: list[Timepoint]) -> list[str]:
    return [each.name for each in unusual(forecaster, timeline)]


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_planted_far_outside_the_training_data_is_named(progression: Forecaster, name: str) -> None:
    assert name in names(progression, PLANTED[name])


def test_a_sentence_tells_the_value_and_what_the_training_data_covered(progression: Forecaster) -> None:
    (found,) = unusual(progression, [point(elapsed_days=0, sum_of_diameters=1900)])
    assert str(found) == "sum of diameters 1900 mm; in the training data 0 to 180 mm"


def test_facts_are_looked_at_too_and_an_unknown_one_is_not_unusual(response: Forecaster) -> None:
    (visit,) = mr(20)
    for age, expected in ((99, ["age"]), (50, []), (None, [])):
        assert names(response, [replace(visit, clinical={"age": age})]) == expected


def test_only_the_visit_asked_about_is_judged(progression: Forecaster) -> None:
    timeline = [*sizes(50, 50), point(elapsed_days=700.0, sum_of_diameters=50), *sizes(50, 50)[1:]]
    assert "elapsed" in names(progression, timeline[:3])
    assert "elapsed" not in names(progression, timeline[:4])


def test_few_patients_who_are_like_those_in_training_are_called_unusual(progression: Forecaster) -> None:
    flagged = [
        bool(names(progression, points[:visits]))
        for points in (timeline.timepoints() for timeline in simulated("lung", 40))
        for visits in range(1, len(points) + 1)
    ]
    assert len(flagged) > 100
    assert sum(flagged) <= 0.02 * len(flagged)


def test_no_visit_of_the_training_data_is_unusual_and_the_next_beyond_it_is() -> None:
    timelines = usable(simulated("breast", 80), RESPONSE)
    card, parameters = load_weights(COMMITTED / "response")
    covered = replace(card, training_data={"ranges": ranges_of(RESPONSE, timelines)})
    taught = Forecaster(covered, parameters, torch.device("cpu"))
    assert all(names(taught, timeline.timepoints()) == [] for timeline in timelines)
    largest = max(float(visit.x[VOLUME]) for t in timelines for visit in t.visits)
    assert names(taught, mr(largest * 1.02)) == ["volume.level"]


def test_the_ranges_hold_what_the_network_saw_in_training() -> None:
    timelines = usable(simulated("breast", 40), RESPONSE)
    data = samples(timelines, RESPONSE)
    elapsed = ranges_of(RESPONSE, timelines)["elapsed"]
    days = data.elapsed_days[data.present]
    assert elapsed == pytest.approx((torch.log1p(days.min()).item(), torch.log1p(days.max()).item()))


def test_a_card_from_before_ranges_were_kept_flags_nobody_and_can_be_told(progression: Forecaster) -> None:
    card, parameters = load_weights(COMMITTED / "progression")
    fields = json.loads(card.to_json())
    del fields["training_data"]["ranges"]
    older = Forecaster(Card.of(fields), parameters, torch.device("cpu"))
    assert ranges_known(progression)
    assert not ranges_known(older)
    assert unusual(older, PLANTED["elapsed"]) == []
