"""What the page of models says in tables, in words."""

from collections.abc import Iterable, Mapping

import pandas as pd

from dashboard import wording
from dashboard.cohort.words import patients
from dashboard.model.drift import Drift, Spread
from dashboard.model.measures import FEWEST, Figures
from models.statistics.metrics import Estimate

TOO_FEW = f"Too few to say: at least {FEWEST} patients with the event and {FEWEST} without it are needed."
ROLES = {"lead": "leads now", "shadow": "kept beside it"}


def judged(figures: Mapping[str, Figures], head: str) -> pd.DataFrame:
    """A row for each name in `figures`, under `head`."""
    return pd.DataFrame({head: name, **_counts(of), **_measures(of)} for name, of in figures.items())


def _counts(of: Figures) -> dict[str, object]:
    return {"Forecasts": of.forecasts, "Patients": of.patients, "With the event": of.came, "Without it": of.stayed}


def _measures(of: Figures) -> dict[str, str]:
    return {
        "Order is right (AUC)": estimate(of.auc, 2),
        "Observed / expected": estimate(of.ratio, 2),
        "Error (Brier)": estimate(of.error, 3),
        "Same risk for everybody": estimate(of.plain_error, 3),
    }


def estimate(found: Estimate | None, digits: int) -> str:
    """`0.76 (0.73 to 0.79)`, or why there is none."""
    if found is None:
        return "too few to say"
    value, low, high = (f"{number:.{digits}f}" for number in found)
    return "not known" if value == "nan" else f"{value} ({low} to {high})"


def calibration(groups: pd.DataFrame) -> pd.DataFrame:
    """The groups of a calibration chart."""
    columns = {
        "Mean forecast": [wording.percent(value) for value in groups.expected],
        "Observed": [wording.percent(value) for value in groups.observed],
        "95 % interval": [wording.interval(*ends) for ends in zip(groups.low, groups.high, strict=True)],
        "Forecasts": groups.visits,
        "Patients": groups.patients,
        "With the event": groups.came,
    }
    return pd.DataFrame(columns)


def words(groups: pd.DataFrame) -> list[str]:
    """Each group in a sentence, for the pointer."""
    return [
        f"{patients(of.patients)}, {of.visits:,} forecasts: mean {wording.percent(of.expected)}, observed "
        f"{wording.percent(of.observed)} (95 % interval {wording.interval(of.low, of.high)})"
        for of in groups.itertuples()
    ]


def coverage(found: pd.DataFrame) -> pd.DataFrame:
    """How often sizes lay within their intervals."""
    columns = {
        "Size": [wording.MEASUREMENTS.get(name, name) for name in found.measurement],
        "Interval": [f"{level:.0%}".replace("%", " %") for level in found.level],
        "Held": [
            f"{wording.percent(share)} (95 % interval {wording.interval(low, high)})"
            for share, low, high in zip(found.held, found.low, found.high, strict=True)
        ],
        "Sizes": found.sizes,
        "Patients": found.patients,
    }
    return pd.DataFrame(columns)


def drift(found: Iterable[Drift]) -> pd.DataFrame:
    """A row for each input."""
    rows = [
        {
            "Input": each.name,
            "Drifts": _says(each),
            "Lately": _middle(each.recent),
            "Before": _middle(each.before),
            "Not measured lately": f"{each.recent.visits - each.recent.measured:,} of {each.recent.visits:,}",
            "In training": "the card does not say" if each.covered is None else _between(*each.covered),
            "Outside that lately": "" if each.covered is None else f"{each.outside:,} of {each.recent.measured:,}",
        }
        for each in found
    ]
    return pd.DataFrame(rows)


def _says(each: Drift) -> str:
    if not each.recent.measured:
        return "never measured"
    said = [words for is_so, words in ((each.has_moved, "moved"), (each.is_strange, "often outside training")) if is_so]
    return ", ".join(said) or "no"


def _middle(of: Spread) -> str:
    return f"{_number(of.middle)} ({_between(of.low, of.high)})" if of.measured else "none"


def _between(low: float, high: float) -> str:
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    """A size; days and numbers of scans, which are counted, without a decimal."""
    return wording.size(value).removesuffix(".0")
