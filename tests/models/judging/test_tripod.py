"""A card owes its reader its limits and TRIPOD+AI; code names what is missing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from models.card import COMMITTED, Card
from models.evaluate import cross_validated
from models.judging.tripod import ITEMS, complete, lacking
from models.training.blueprints import BLUEPRINTS
from models.training.fitted_card import card_of
from tests.models.judging.test_baselines import cohort

pytestmark = pytest.mark.usefixtures("few_trees", "as_they_are")
BLUEPRINT = replace(BLUEPRINTS["progression"], epochs=1)


@pytest.fixture(scope="module")
def card() -> Card:
    """The card that training writes, with figures of a small cohort."""
    timelines = [replace(t, trial="AB"[n % 2]) for n, t in enumerate(cohort(60))]
    evaluation, _ = cross_validated(timelines, BLUEPRINT)
    made = complete(card_of(BLUEPRINT, timelines, 1, evaluation.to_json()))
    return replace(made, weights_sha256="0" * 64)


def test_the_card_that_training_writes_lacks_nothing(card: Card) -> None:
    assert lacking(card) == []
    assert len(card.reporting) == len(ITEMS) == 27


@pytest.mark.parametrize("section", ["calibration", "subgroups", "robustness", "decision_curve", "scores"])
def test_a_section_that_is_missing_is_named(card: Card, section: str) -> None:
    metrics = {name: value for name, value in card.metrics.items() if name != section}
    assert any(f"metrics.{section}" in said for said in lacking(replace(card, metrics=metrics)))


@pytest.mark.parametrize("number", [1, 17, 27])
def test_an_item_of_the_checklist_that_is_missing_is_named(card: Card, number: int) -> None:
    name = f"{number} {ITEMS[number - 1].name}"
    left = {each: said for each, said in card.reporting.items() if each != name}
    assert lacking(replace(card, reporting=left)) == [f"TRIPOD+AI {name}: reporting.{name}"]
    assert lacking(replace(card, limits=())) == ["TRIPOD+AI 26 Limitations: limits"]


def test_a_simple_model_that_does_better_is_named_among_the_limits(card: Card) -> None:
    figures = {"place": "within 90 days", "measure": "Brier score", "rows": 9, "cases": 4, "threshold": 0.1}
    figures |= {"lead": [0.15, 0.1, 0.2], "LSTM": [0.2, 0.1, 0.3], "trend": [0.1, 0.05, 0.2]}
    off = {**figures, "place": "arm A", "measure": "observed/expected", "lead": [0.5, 0.3, 0.8]}
    part, whole = {**figures, "place": "at some visits"}, {**figures, "measure": "F1"}
    said = complete(replace(card, metrics={"scores": [figures, part, whole], "subgroups": [off]})).limits
    assert not any("At some visits" in each for each in said)
    assert "Within 90 days, trend errs less than the lead: Brier score 0.1000 against 0.1500." in said
    assert "Within 90 days, trend errs less than the LSTM: Brier score 0.1000 against 0.2000." in said
    assert any("Arm A: risks are too high, observed/expected 0.50 (0.30, 0.80)" in each for each in said)


@pytest.mark.parametrize("model", ["progression", "response"])
def test_committed_cards_say_what_is_known_of_their_models_today(model: str) -> None:
    card = Card.read(COMMITTED / model / "card.json")
    assert complete(card).to_json() == card.to_json()


def test_the_progression_card_says_what_it_learned_from_and_how_a_second_line_starts() -> None:
    limits = " ".join(Card.read(COMMITTED / "progression" / "card.json").limits)
    assert "A later line of therapy starts afresh" in limits
    assert "The network also learned from visits after the first progression" in limits
    assert "Sizes go on after progression" in limits


def test_a_card_keeps_limits_and_reporting_when_it_is_written_and_read(card: Card, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(card.to_json())
    assert Card.read(tmp_path / "card.json").to_json() == card.to_json()
    assert lacking(Card.read(tmp_path / "card.json")) == []


def test_cards_from_before_are_read_and_named_incomplete() -> None:
    fields = Card.read(COMMITTED / "response" / "card.json")
    before = replace(fields, limits=(), reporting={})
    older = json.loads(before.to_json())
    del older["limits"], older["reporting"]
    assert len(lacking(Card.of(older))) == len(ITEMS)
