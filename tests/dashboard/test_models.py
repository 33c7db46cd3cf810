"""The page of models: what the card says is what a clinician reads, what speaks against the model first."""

import json

import pytest

from dashboard import cards
from models.card import COMMITTED, DIFFERENCE, LEAD, LSTM
from stream.settings import Settings
from tests.dashboard.conftest import Open, opened, read, told_table
from tests.dashboard.scans import LUNG_WEIGHTS


@pytest.fixture(scope="module")
def card() -> cards.Card:
    return json.loads((COMMITTED / "progression" / "card.json").read_text())


def test_the_page_says_which_weights_lead_for_what_and_every_limit_of_their_card(
    filled: Settings, open_page: Open, card: cards.Card
) -> None:
    words = read(open_page(filled, "models"))
    assert f"progression, weights {LUNG_WEIGHTS[:8]}" in words
    assert "leads for progression (lung)" in words
    assert card["limits"]
    assert all(limit in words for limit in card["limits"])


def test_where_a_simple_model_errs_less_it_stands_beside_the_lead_with_its_name(card: cards.Card) -> None:
    frame = cards.figures(card)
    brier = frame[frame.Measure == "Brier score"].set_index("Question")
    assert all(": 0." in cell for cell in brier["Best simple model"])
    assert set(frame.Question) >= {"At the next visit", "Within 180 days"}
    for place, row in brier.iterrows():
        better = float(row["Best simple model"].rpartition(": ")[2].split()[0]) < float(row.Lead.split()[0])
        assert better == any(limit.startswith(place) and "than the lead" in limit for limit in card["limits"])


def test_no_hash_of_a_patient_reaches_the_page(filled: Settings, open_page: Open, card: cards.Card) -> None:
    boxes = [f"{LUNG_WEIGHTS[:12]}-{name}" for name in ("calibration", "groups", "items")]
    page = opened(open_page(filled, "models"), *boxes)
    shown = read(page)
    assert all(line in shown for line in cards.reporting(card))
    shown += "".join(each.proto.body for each in page.get("html"))
    assert not any(known in shown for known in card["training_data"]["patient_sha256"])


def test_the_calibration_of_a_card_is_drawn_once_somebody_opens_it(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "models")
    before = len(page.get("vega_lite_chart"))
    assert len(opened(page, f"{LUNG_WEIGHTS[:12]}-calibration").get("vega_lite_chart")) > before
    assert told_table(page, "Calibration, at the next visit").shape[0] > 1


def test_calibration_is_drawn_from_the_cards_groups_with_their_counts(card: cards.Card) -> None:
    frame = cards.calibration(card, "at the next visit")
    assert (frame.low <= frame.observed).all()
    assert (frame.observed <= frame.high).all()
    assert frame.visits.sum() == card["metrics"]["scores"][0]["rows"]
    assert "with the event" in frame.words[0]


def test_a_model_that_leads_for_nothing_says_that_it_stands_by() -> None:
    assert cards.leads([]).startswith("stands by")
    pairs = [{"endpoint": "progression", "disease": each} for each in ("bladder", "lung")]
    assert cards.leads(pairs) == "leads for progression (bladder, lung)"


def test_the_page_calls_what_it_finds_in_a_card_as_the_models_do() -> None:
    """The dashboard may not load them."""
    assert (cards.LEAD, cards.LSTM) == (LEAD, LSTM)
    assert DIFFERENCE.startswith(cards.DIFFERENCE)
