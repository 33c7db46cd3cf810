"""What a model's card says, as tables and sentences for a page; the card itself is made by models.judging.tripod."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from dashboard import wording

LEAD, LSTM = "lead", "LSTM"
"""What a card calls what the service says, and the network in it; models.card says so too, which a test compares."""
DIFFERENCE = f"{LEAD} minus "
"""How the name of a figure begins that is no model's: the lead's beside that of one of the simple models."""
HIGHER_IS_BETTER = ("AUC",)
SHOWN = ("AUC", "Brier score", "observed/expected", "calibration slope")

WHO_IS_COMPARED = (
    "Lead: what the service says. LSTM: the neural network in it, by itself. Simple models: headroom, from how far the "
    "sum is below the limit of progression; trend, from where a straight line through the last sums leads; logistic "
    "regression, also at each patient's own interval between visits (rhythm). AUC: how often the one with the event "
    "had the higher risk. Brier score: mean squared error, smaller is better. Observed / expected: below 1 risks are "
    "too high. Calibration slope: below 1 risks are too far apart."
)

Card = Mapping[str, Any]
Score = Mapping[str, Any]
"""One measure at one place of a card: the place, how many visits, and by name of a model value, low and high."""
Figure = Sequence[float | None]


def growth_figures(card: Card) -> pd.DataFrame:
    """A row per part of the forecasts of growth maps: overlap and error beside simple ones, what the interval holds."""
    parts = card.get("metrics", {}).get("growth", {})
    return pd.DataFrame([_growth_figure(part, of) for part, of in parts.items()])


def _growth_figure(part: str, of: Mapping[str, Any]) -> dict[str, Any]:
    dice, error = of["Dice"], of["volume error, ml"]
    return {
        "Simulated lesions": _capital(part),
        "Forecasts": of["forecasts"],
        "Overlap (Dice), ConvLSTM": estimate(dice["ConvLSTM"], "Dice"),
        "Overlap, no change": estimate(dice["no change"], "Dice"),
        "Overlap, even dilation": estimate(dice["dilation by the best radius"], "Dice"),
        "Volume error (ml), ConvLSTM": estimate(error["ConvLSTM"], "ml"),
        "Volume error, no change": estimate(error["no change"], "ml"),
        "90 % interval holds": estimate(of["90 % interval holds"], "share"),
    }


def trained_on(card: Card) -> str:
    """How many patients and visits, whose data and under which licence."""
    data = card["training_data"]
    return f"{data['patients']:,} patients, {data['visits']:,} visits. {data['attribution']} ({data['licence']})."


def role(pairs: Sequence[Mapping[str, str]], card: Card) -> str:
    """What the weights do here: they lead or stand by, or draw maps, which lead nothing."""
    return leads(pairs) if card["endpoints"] else f"draws maps of lesions ({', '.join(card['applies_to']['diseases'])})"


def leads(pairs: Sequence[Mapping[str, str]]) -> str:
    """`leads for progression (bladder, lung)`, or that it stands by."""
    by_endpoint: dict[str, list[str]] = {}
    for pair in pairs:
        by_endpoint.setdefault(pair["endpoint"], []).append(pair["disease"])
    parts = "; ".join(f"{endpoint} ({', '.join(diseases)})" for endpoint, diseases in by_endpoint.items())
    return f"leads for {parts}" if parts else "stands by: its forecasts are kept and not shown as current"


def figures(card: Card) -> pd.DataFrame:
    """A row per question and measure: the lead, the LSTM in it, and the simple model that does best, with intervals."""
    rows: list[dict[str, Any]] = []
    for place in whole_places(card):
        scores = {score["measure"]: score for score in _scores(card) if score["place"] == place}
        rows += [_figure(place, measure, scores[measure]) for measure in SHOWN if measure in scores]
    return pd.DataFrame(rows)


def _figure(place: str, measure: str, score: Score) -> dict[str, Any]:
    best, best_figure = _best_simple(score) if measure in ("AUC", "Brier score") else ("", None)
    return {
        "Question": _capital(place),
        "Visits": score["rows"],
        "With the event": score["cases"],
        "Measure": measure,
        "Lead": estimate(score.get(LEAD), measure),
        "LSTM alone": estimate(score.get(LSTM), measure),
        "Best simple model": f"{best}: {estimate(best_figure, measure)}" if best else "",
    }


def whole_places(card: Card) -> list[str]:
    """The questions at which every measure is taken."""
    return list(dict.fromkeys(score["place"] for score in _scores(card) if score["measure"] == "F1"))


def calibration(card: Card, place: str) -> pd.DataFrame:
    """Tenths of the risk at one place: expected, observed, low, high, words."""
    groups = card["metrics"]["calibration"].get(place, [])
    rows = [(g["expected"], *g["observed"], g["rows"], g["cases"]) for g in groups if g["observed"] is not None]
    frame = pd.DataFrame(rows, columns=["expected", "observed", "low", "high", "visits", "cases"])
    words = [
        f"{row.visits:,} visits: mean risk {wording.percent(row.expected)}, {row.cases:,} with the event "
        f"({wording.percent(row.observed)} observed)"
        for row in frame.itertuples()
    ]
    return frame.assign(words=words)


def calibration_table(groups: pd.DataFrame, place: str) -> pd.DataFrame:
    """The groups of `calibration` at one place, in words."""
    columns = {
        "Question": _capital(place),
        "Mean forecast": [wording.percent(value) for value in groups.expected],
        "Observed": [wording.percent(value) for value in groups.observed],
        "95 % interval": [wording.interval(*ends) for ends in zip(groups.low, groups.high, strict=True)],
        "Visits": groups.visits,
        "With the event": groups.cases,
    }
    return pd.DataFrame(columns)


def subgroups(card: Card) -> pd.DataFrame:
    """A row per group of patients: visits, AUC and observed by expected of the lead."""
    by_group: dict[str, dict[str, Any]] = {}
    for score in card["metrics"].get("subgroups", []):
        row = by_group.setdefault(score["place"], {"Group": _capital(score["place"]), "Visits": score["rows"]})
        if score["measure"] in ("AUC", "observed/expected"):
            row[_capital(score["measure"])] = estimate(score.get(LEAD), score["measure"])
    return pd.DataFrame(by_group.values())


def reporting(card: Card) -> Iterator[str]:
    """The items of TRIPOD+AI with their answers."""
    for item, answer in card.get("reporting", {}).items():
        yield f"{item}: {answer.partition(' [')[0]}"


def estimate(figure: Figure | None, measure: str) -> str:
    """`0.760 (0.735, 0.785)`; Brier scores with a digit more, since differences lie there."""
    if figure is None or figure[0] is None:
        return "not known"
    digits = 4 if measure == "Brier score" else 3
    value, low, high = (f"{number:.{digits}f}" for number in figure)
    return f"{value} ({low}, {high})"


def _scores(card: Card) -> Sequence[Score]:
    scores: Sequence[Score] = card.get("metrics", {}).get("scores", [])
    return scores


def _best_simple(score: Score) -> tuple[str, Figure | None]:
    """Name and figure of the simple model that does best; no name where the card has none."""
    figures = {name: each for name, each in score.items() if isinstance(each, (list, tuple))}
    beside = {name: each for name, each in figures.items() if name not in (LEAD, LSTM)}
    beside = {name: each for name, each in beside.items() if not name.startswith(DIFFERENCE)}
    if not beside:
        return "", None
    best = (max if score["measure"] in HIGHER_IS_BETTER else min)(beside, key=lambda name: beside[name][0])
    return best, beside[best]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
