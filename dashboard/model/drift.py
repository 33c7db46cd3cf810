"""Whether today's visits are like earlier ones, and like those that the weights learned from: input by input."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from dashboard import wording

RECENT_DAYS = 180
"""Visits of so many days up to the latest one are beside all before them."""
FEWEST = 20
"""Visits on each side: fewer would tell of chance."""
OFTEN_OUTSIDE = 0.05
FLOORS = {
    "sum_of_diameters": 1.0,
    "longest_diameter": 1.0,
    "short_axis": 1.0,
    "volume": 0.1,
    "sphericity": 0.05,
    "background_parenchymal_enhancement": 1.0,
}
"""What is added to a size before its logarithm is taken (models.serving.history says so too, which a test compares)."""
UNITS = {
    "sum_of_diameters": "mm",
    "longest_diameter": "mm",
    "short_axis": "mm",
    "volume": "ml",
    "sphericity": "1",
    "background_parenchymal_enhancement": "%",
}
TIMES = {
    "days_since_last": ("elapsed", "Days since the scan before"),
    "day": ("days", "Days since the first scan of the line"),
    "visit": ("visits", "Number of the scan in its line"),
}
"""By column what a card calls it, and what people do."""
MARGIN = 1e-3
"""Ranges are of logarithms, rounded: what is not measured finer is not outside."""


class Spread(NamedTuple):
    """How many values there are of how many visits; their middle and the ends of their middle half."""

    measured: int
    visits: int
    middle: float
    low: float
    high: float


class Drift(NamedTuple):
    """One input: `recent` visits and those `before`; what training covered, if the card says; recent ones `outside`."""

    name: str
    recent: Spread
    before: Spread
    covered: tuple[float, float] | None
    outside: int

    @property
    def has_moved(self) -> bool:
        """Whether half of the recent visits lie beyond the middle half of those before."""
        enough = min(self.recent.measured, self.before.measured) >= FEWEST
        return enough and not self.before.low <= self.recent.middle <= self.before.high

    @property
    def is_strange(self) -> bool:
        """Whether more than OFTEN_OUTSIDE of the recent visits lie outside what training covered."""
        return self.recent.measured >= FEWEST and self.outside > OFTEN_OUTSIDE * self.recent.measured


def drifts(inputs: pd.DataFrame, card: Mapping[str, Any]) -> list[Drift]:
    """Of each input of the weights with this card; `inputs`: rows of scanstream.visit_input."""
    covered = ranges(card)
    newest = inputs.acquired_at.max()
    is_recent = inputs.acquired_at > newest - pd.Timedelta(days=RECENT_DAYS)
    found = []
    for column, name in named(card).items():
        values = inputs[column].astype(float)
        recent, ends = values[is_recent], covered.get(column)
        outside = 0 if ends is None else int(((recent < ends[0]) | (recent > ends[1])).sum())
        found.append(Drift(name, _spread(recent), _spread(values[~is_recent]), ends, outside))
    return found


def named(card: Mapping[str, Any]) -> dict[str, str]:
    """By column of visit_input what people call the inputs that these weights see."""
    sizes = {
        name: wording.measurement(name, UNITS[name]) for name in card["architecture"]["feature_names"] if name in UNITS
    }
    return sizes | {column: words for column, (_, words) in TIMES.items()}


def ranges(card: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """By column of visit_input the smallest and largest value in training; older cards say none."""
    said = card["training_data"].get("ranges", {})
    sizes = {name: (f"{name}.level", _size(floor)) for name, floor in FLOORS.items()}
    natural: dict[str, tuple[str, Callable[[float], float]]] = {
        **sizes,
        **{column: (name, _size(1.0)) for column, (name, _) in TIMES.items()},
    }
    return {
        column: (turned(said[name][0] - MARGIN), turned(said[name][1] + MARGIN))
        for column, (name, turned) in natural.items()
        if name in said
    }


def _size(floor: float) -> Callable[[float], float]:
    """From log(value + `floor`) to the value."""
    return lambda value: max(0.0, math.exp(value) - floor)


def _spread(values: pd.Series) -> Spread:
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    return Spread(int(values.notna().sum()), len(values), middle, low, high)
