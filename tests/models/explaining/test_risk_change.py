from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from models.explaining.risk_change import MOST_NEWS, RiskChange, WeightedHistory, fold, why_moved
from models.forecast import RiskForecast, of_kind
from models.serving.forecaster import Forecaster, load_forecaster
from models.timepoint import Timepoint, TreatmentInForce
from tests.models.timelines import features_of, mr, point, simulated, sizes
from tests.other_weights import other_weights

PATIENTS = {"lung": 8, "breast": 80}


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Forecaster:
    """Other weights of the progression model."""
    folder: Path = tmp_path_factory.mktemp("others")
    other_weights(folder)
    return load_forecaster(folder, "cpu")


def explained(forecaster: Forecaster, timeline: Sequence[Timepoint]) -> list[RiskChange]:
    told = WeightedHistory(forecaster, timeline)
    return why_moved(told, told)


def risks_after(forecaster: Forecaster, timeline: Sequence[Timepoint]) -> list[float]:
    return [each.risk for each in of_kind(RiskForecast, fold(forecaster, timeline)[1])]


def cohort(disease: str) -> Iterator[list[Timepoint]]:
    """Every beginning of every simulated timeline that has an earlier scan."""
    for timeline in simulated(disease, PATIENTS[disease]):
        points = timeline.timepoints()
        yield from (points[:visits] for visits in range(2, len(points) + 1))


def parts_of(moved: RiskChange, kind: str) -> dict[str, float]:
    return {part.words: part.change for part in moved.parts if part.kind == kind}


def with_drug(timepoint: Timepoint, *drugs: TreatmentInForce) -> Timepoint:
    return replace(timepoint, treatments=drugs)


@pytest.mark.parametrize("disease", ["lung", "breast"])
def test_the_parts_lead_from_the_risk_before_to_the_risk_now(
    progression: Forecaster, response: Forecaster, disease: str
) -> None:
    forecaster = response if disease == "breast" else progression
    timelines = list(cohort(disease))
    assert len(timelines) > 20
    for timeline in timelines:
        found = explained(forecaster, timeline)
        assert [moved.before for moved in found] == risks_after(forecaster, timeline[:-1])
        assert [moved.now.risk for moved in found] == risks_after(forecaster, timeline)
        for moved in found:
            assert moved.before + sum(part.change for part in moved.parts) == pytest.approx(moved.now.risk, abs=1e-12)


def test_the_parts_lead_from_what_the_earlier_weights_said_to_what_the_new_ones_say(
    progression: Forecaster, others: Forecaster
) -> None:
    for timeline in list(cohort("lung"))[::3]:
        found = why_moved(WeightedHistory(progression, timeline), WeightedHistory(others, timeline))
        assert [moved.before for moved in found] == risks_after(progression, timeline[:-1])
        assert [moved.now.risk for moved in found] == risks_after(others, timeline)
        for moved in found:
            assert moved.before + sum(part.change for part in moved.parts) == pytest.approx(moved.now.risk, abs=1e-12)
            assert len(parts_of(moved, "weights")) == 1


def test_weights_that_go_on_leading_are_no_part(progression: Forecaster) -> None:
    for moved in explained(progression, sizes(50, 60)):
        assert not parts_of(moved, "weights")


def test_a_finding_held_back_is_a_scan_on_which_it_was_not_measured(progression: Forecaster) -> None:
    earlier, later = sizes(50, 44), point(elapsed_days=0.0, sum_of_diameters=61)
    unseen = replace(later, x=features_of())
    before = risks_after(progression, earlier)
    silent = risks_after(progression, [*earlier, unseen])
    loud = risks_after(progression, [*earlier, later])
    changes = explained(progression, [*earlier, later])
    for moved, was, without, now in zip(changes, before, silent, loud, strict=True):
        assert [part.kind for part in moved.parts] == ["visit", "finding"]
        assert moved.parts[0].change == pytest.approx(without - was, abs=1e-12)
        assert moved.parts[1].change == pytest.approx(now - without, abs=1e-12)


def test_time_held_back_is_a_scan_on_the_day_of_the_earlier_one(progression: Forecaster) -> None:
    earlier, later = sizes(50, 44), point(elapsed_days=60.0)
    same_day = risks_after(progression, [*earlier, point(elapsed_days=0.0)])
    now = risks_after(progression, [*earlier, later])
    for moved, without, risk in zip(explained(progression, [*earlier, later]), same_day, now, strict=True):
        assert [part.kind for part in moved.parts] == ["visit", "time"]
        assert moved.parts[1].change == pytest.approx(risk - without, abs=1e-12)
    assert same_day != now


def test_a_treatment_held_back_is_one_that_was_not_given(response: Forecaster) -> None:
    (first,) = mr(20)
    later = point(elapsed_days=0.0, disease="breast")
    given = with_drug(later, TreatmentInForce("Pembrolizumab", "drug", 0.0, None))
    (moved,) = explained(response, [first, given])
    (without,), (now,) = risks_after(response, [first, later]), risks_after(response, [first, given])
    assert moved.parts[1].change == pytest.approx(now - without, abs=1e-12)
    assert now != without


def test_a_size_that_cannot_be_is_no_finding(progression: Forecaster) -> None:
    """The network counts it as not measured; the next value is told beside the last one that could be."""
    typo, after = sizes(50, 60000), sizes(50, 60000, 55)
    assert [part.kind for part in explained(progression, typo)[0].parts] == ["visit", "time"]
    assert "sum of diameters 50 → 55 mm" in parts_of(explained(progression, after)[0], "finding")


def test_growth_is_the_largest_part_of_a_risk_that_rose_and_shrinkage_of_one_that_fell(progression: Forecaster) -> None:
    grown, shrunk = (explained(progression, sizes(50, 50, last))[0] for last in (64, 20))
    assert max(grown.parts, key=lambda part: part.change).kind == "finding"
    assert min(shrunk.parts, key=lambda part: part.change).kind == "finding"


def test_what_the_model_does_not_see_has_no_part_in_it(progression: Forecaster) -> None:
    """It sees neither treatments nor facts: they are told, and moved nothing, to the last bit."""
    first, last = sizes(50, 60)
    drug = TreatmentInForce("Docetaxel", "drug", 3.0, None)
    last = replace(with_drug(last, drug), clinical={"age": 61})
    for moved in explained(progression, [first, last]):
        assert parts_of(moved, "treatment") == {"Docetaxel started": 0.0}
        assert parts_of(moved, "fact") == {"age unknown → 61": 0.0}


def test_what_was_the_same_at_both_scans_is_no_news(response: Forecaster) -> None:
    day = 40.0
    first, last = mr(20, 15)
    given = TreatmentInForce("Paclitaxel", "drug", 5.0, None)
    first = replace(with_drug(first, given), clinical={"hr": 1})
    last = replace(with_drug(last, replace(given, days_since_start=5.0 + day)), clinical={"hr": 1})
    (moved,) = explained(response, [first, last])
    assert [part.kind for part in moved.parts] == ["visit", "finding", "time"]


def test_a_treatment_that_started_and_one_that_ended_are_parts_of_their_own(response: Forecaster) -> None:
    first, last = mr(20, 15)
    old, new = TreatmentInForce("Paclitaxel", "drug", 5.0, None), TreatmentInForce("Pembrolizumab", "drug", 2.0, None)
    first = with_drug(first, old)
    last = with_drug(last, replace(old, days_since_start=45.0, days_since_end=3.0), new)
    (moved,) = explained(response, [first, last])
    found = parts_of(moved, "treatment")
    assert set(found) == {"Paclitaxel ended", "Pembrolizumab started"}
    assert all(found.values())
    (turned,) = explained(response, [first, replace(last, treatments=last.treatments[::-1])])
    assert parts_of(turned, "treatment") == pytest.approx(found, abs=1e-12)


def test_a_fact_that_became_known_is_a_part_with_its_value(response: Forecaster) -> None:
    first, last = mr(20, 15)
    (moved,) = explained(response, [first, replace(last, clinical={"her2": 1})])
    (change,) = parts_of(moved, "fact").values()
    assert "her2 unknown → 1" in parts_of(moved, "fact")
    assert change > 0  # known from trials: HER2+ responds


def test_many_changes_at_once_are_told_as_one_and_still_sum(response: Forecaster) -> None:
    first, last = mr(20, 15)
    drugs = [TreatmentInForce(f"Drug {n}", "drug", 1.0 + n, None) for n in range(MOST_NEWS + 30)]
    (moved,) = explained(response, [first, with_drug(last, TreatmentInForce("Carboplatin", "drug", 1.0, None), *drugs)])
    assert parts_of(moved, "treatment").keys() == {f"{MOST_NEWS + 31} changes of treatments and facts"}
    assert moved.before + sum(part.change for part in moved.parts) == pytest.approx(moved.now.risk, abs=1e-12)


def test_each_part_is_a_sentence_with_its_points(response: Forecaster) -> None:
    first = point(elapsed_days=0.0, disease="breast", volume=12.5, sphericity=0.3)
    last = point(elapsed_days=1.0, disease="breast", volume=9, sphericity=0.3, longest_diameter=31)
    (moved,) = explained(response, [first, last])
    assert [str(part).split(":")[0] for part in moved.parts] == [
        "another visit, whatever it found",
        "longest diameter measured for the first time, 31 mm",
        "volume 12.5 → 9 ml",
        "sphericity still 0.3",
        "1 day passed",
    ]
    told = {str(part): part.change for part in moved.parts if abs(part.change) > 1e-3}
    assert all(words.endswith(f"{100 * change:+.1f} points") for words, change in told.items())


@pytest.mark.parametrize(
    ("elapsed_days", "words"),
    [(77.1, "77 days passed"), (0.7, "1 day passed"), (0.2, "less than a day passed")],
)
def test_time_is_told_in_whole_days(response: Forecaster, elapsed_days: float, words: str) -> None:
    first = point(elapsed_days=0.0, disease="breast", volume=12.5)
    last = point(elapsed_days=elapsed_days, disease="breast", volume=9)
    (moved,) = explained(response, [first, last])
    assert [part.words for part in moved.parts if part.kind == "time"] == [words]
