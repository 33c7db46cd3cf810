"""Figures of an evaluation as text for a terminal: models beside each other, one table per place."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from models.card import DIFFERENCE, LEAD, LSTM
from models.judging.baselines.families import BOOSTING, LOGISTIC, RHYTHM
from models.judging.judge import Score
from models.statistics.metrics import Estimate

# What goes side by side, so that a line fits a terminal.
BLOCKS = (
    ("AUC", "PR area", "Uno's C"),
    ("Brier score", "observed/expected", "calibration slope", "calibration intercept"),
    ("accuracy", "precision", "recall", "F1"),
)
LEFT_TO_CURVES = {"net benefit"}
EXACT = {"Brier score"}  # differences lie in the fourth decimal
SHORT_NAMES = {
    LEAD: "lead",
    LSTM: "LSTM",
    LOGISTIC: "logistic",
    RHYTHM: "logistic, own rhythm",
    BOOSTING: "boosting",
}
FEWEST = 10  # visits with the event: of fewer no model is called the best
PLACE, NARROW, NAME, CELL = 30, 24, 33, 26


def tables(scores: Sequence[Score], absent: dict[str, str]) -> Iterator[str]:
    """Lines: for each place its models by rows and its measures by columns."""
    for place in dict.fromkeys(score.place for score in scores):
        here = {score.measure: score for score in scores if score.place == place}
        first = next(iter(here.values()))
        yield ""
        cases = f", {first.cases} with the event" if first.cases else ""
        yield f"{place[0].upper()}{place[1:]}: {first.rows} visits{cases}"
        for block in _blocks(here):
            yield from _block([here[name] for name in block], first.threshold if "accuracy" in block else None)
        yield from (f"{name:{NAME}}{reason}" for name, reason in absent.items() if "AUC" in here)


def side_by_side(title: str, scores: Sequence[Score]) -> Iterator[str]:
    """Lines: a table per measure with places by rows and the models that could lead by columns."""
    for measure in dict.fromkeys(score.measure for score in scores):
        here = [score for score in scores if score.measure == measure]
        shown = {name: short for name, short in SHORT_NAMES.items() if name in here[0].models}
        yield ""
        yield f"{title}: {measure}"
        yield f"{'':{PLACE}}{'visits':>7}{'cases':>7}" + "".join(f"{name:>{NARROW}}" for name in shown.values())
        for score in here:
            cells = "".join(f"{cell(score.models[name], measure in EXACT):>{NARROW}}" for name in shown)
            yield f"{score.place[:PLACE]:{PLACE}}{score.rows:>7}{score.cases:>7}{cells}"


def headlines(scores: Sequence[Score]) -> Iterator[str]:
    """A sentence per whole place: which model errs least, and how far lead and network are from it."""
    for score in scores:
        if score.measure == "Brier score" and score.whole and score.cases >= FEWEST:
            best = min(score.models, key=lambda name: score.models[name].value)
            ours = "".join(f"; {name}: {score.models[name].value:.4f}" for name in (LEAD, LSTM) if name != best)
            where = f"{score.place[0].upper()}{score.place[1:]}"
            yield f"{where}: smallest Brier score {score.models[best].value:.4f}, {best}{ours}."


def groups(title: str, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Lines of a table of plain values; a list is [value, low, high]."""
    yield ""
    yield title
    yield "".join(f"{name:>{CELL if isinstance(value, list) else 11}}" for name, value in rows[0].items())
    for row in rows:
        cells = (_plain(value) for value in row.values())
        yield "".join(cells)


def _blocks(here: dict[str, Score]) -> Iterator[list[str]]:
    named = {name for block in BLOCKS for name in block}
    brief = [name for name in here if name in ("AUC", "Brier score", "observed/expected")]
    if len(here) <= 3 and brief:
        yield brief
        return
    for block in (*BLOCKS, tuple(name for name in here if name not in named | LEFT_TO_CURVES)):
        if names := [name for name in block if name in here]:
            yield names


def _block(scores: Sequence[Score], threshold: float | None) -> Iterator[str]:
    head = f"flagged from a risk of {threshold:g} on" if threshold else ""
    yield f"{head:{NAME}}" + "".join(f"{score.measure:>{CELL}}" for score in scores)
    for model in scores[0].models:
        yield f"{model:{NAME}}" + "".join(f"{cell(s.models[model], s.measure in EXACT):>{CELL}}" for s in scores)
    if np.isfinite(scores[0].difference.value):
        cells = "".join(f"{cell(score.difference, score.measure in EXACT):>{CELL}}" for score in scores)
        yield f"{DIFFERENCE:{NAME}}{cells}"


def cell(estimate: Estimate, exact: bool = False) -> str:
    """`0.753 (0.721, 0.785)`."""
    digits = 4 if exact else 3
    if not np.isfinite(estimate.value):
        return "-"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f}, {estimate.high:.{digits}f})"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return f"{cell(Estimate(*value)):>{CELL}}"
    return f"{'-' if value is None else value:>11}"
