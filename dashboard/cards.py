"""What a model's card says, as tables and sentences for a page; the card itself is made by models.judging.tripod."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

OURS = ("lead", "LSTM")
NOT_MODELS = ("place", "measure", "rows", "cases", "threshold", "lead minus logistic regression")
HIGHER_IS_BETTER = ("AUC",)
SHOWN = ("AUC", "Brier score", "observed/expected", "calibration slope")

Card = Mapping[str, Any]


def trained_on(card: Card) -> str:
    """How many patients and visits, whose data and under which licence."""
    data = card["training_data"]
    return f"{data['patients']:,} patients, {data['visits']:,} visits. {data['attribution']} ({data['licence']})."


def leads(pairs: Sequence[Mapping[str, str]]) -> str:
    """`leads for progression (bladder, lung)`, or that it stands by."""
    by_endpoint: dict[str, list[str]] = {}
    for pair in pairs:
        by_endpoint.setdefault(pair["endpoint"], []).append(pair["disease"])
    said = "; ".join(f"{endpoint} ({', '.join(diseases)})" for endpoint, diseases in by_endpoint.items())
    return f"leads for {said}" if said else "stands by: its forecasts are kept and not shown as current"


def figures(card: Card) -> pd.DataFrame:
    """A row per question and measure: the lead, the LSTM in it, and the simple model that does best, with intervals."""
    rows = []
    for place in whole_places(card):
        scores = {score["measure"]: score for score in _scores(card) if score["place"] == place}
        for measure in (name for name in SHOWN if name in scores):
            score = scores[measure]
            best, found = _best_simple(score) if measure in ("AUC", "Brier score") else ("", None)
            rows.append({
                "Question": _capital(place), "Visits": score["rows"], "With the event": score["cases"],
                "Measure": measure, "Lead": estimate(score.get("lead"), measure),
                "LSTM alone": estimate(score.get("LSTM"), measure),
                "Best simple model": f"{best}: {estimate(found, measure)}" if best else "",
            })  # fmt: skip
    return pd.DataFrame(rows)


def whole_places(card: Card) -> list[str]:
    """The questions at which every measure is taken."""
    return list(dict.fromkeys(score["place"] for score in _scores(card) if score["measure"] == "F1"))


def calibration(card: Card, place: str) -> pd.DataFrame:
    """Tenths of the risk at one place: expected, observed, low, high, words."""
    groups = card["metrics"]["calibration"].get(place, [])
    rows = [(g["expected"], *g["observed"], g["rows"], g["cases"]) for g in groups if g["observed"] is not None]
    frame = pd.DataFrame(rows, columns=["expected", "observed", "low", "high", "visits", "cases"])
    return frame.assign(words=[
        f"{row.visits} visits: mean risk {row.expected:.0%}, {row.cases} with the event ({row.observed:.0%} observed)"
        for row in frame.itertuples()
    ])  # fmt: skip


def subgroups(card: Card) -> pd.DataFrame:
    """A row per group of patients: visits, AUC and observed by expected of the lead."""
    by_group: dict[str, dict[str, Any]] = {}
    for score in card["metrics"].get("subgroups", []):
        row = by_group.setdefault(score["place"], {"Group": _capital(score["place"]), "Visits": score["rows"]})
        if score["measure"] in ("AUC", "observed/expected"):
            row[_capital(score["measure"])] = estimate(score.get("lead"), score["measure"])
    return pd.DataFrame(by_group.values())


def reporting(card: Card) -> Iterator[str]:
    """The items of TRIPOD+AI with their answers."""
    for item, answer in card.get("reporting", {}).items():
        yield f"{item}: {answer.partition(' [')[0]}"


def estimate(found: Sequence[float] | None, measure: str) -> str:
    """`0.760 (0.735, 0.785)`; Brier scores with a digit more, since differences lie there."""
    if found is None or found[0] is None:
        return "not known"
    digits = 4 if measure == "Brier score" else 3
    value, low, high = (f"{number:.{digits}f}" for number in found)
    return f"{value} ({low}, {high})"


def _scores(card: Card) -> Sequence[Mapping[str, Any]]:
    return card.get("metrics", {}).get("scores", [])


def _best_simple(score: Mapping[str, Any]) -> tuple[str, Sequence[float] | None]:
    beside = {name: each for name, each in score.items() if name not in (*NOT_MODELS, *OURS) and each is not None}
    if not beside:
        return "", None
    best = (max if score["measure"] in HIGHER_IS_BETTER else min)(beside, key=lambda name: beside[name][0])
    return best, beside[best]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
