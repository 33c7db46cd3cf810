"""How many respond, with exact intervals, and who cannot be evaluated."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from scipy.special import betaincinv

LEVEL = 0.95
ORDER = ("CR", "PR", "SD", "Non-CR/Non-PD", "PD", "NE")
"""Categories from the best to the worst, and what could not be evaluated."""
OBJECTIVE = ("CR", "PR")
CONTROL = ("CR", "PR", "SD", "Non-CR/Non-PD")


class Share(NamedTuple):
    """`having` it of `total` patients, and the interval of the share."""

    having: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share itself; NaN of nobody."""
        return self.having / self.total if self.total else float("nan")


def exact(count: int, total: int) -> Share:
    """A share with its exact interval."""
    return Share(count, total, *interval(count, total))


def interval(count: float, total: int) -> tuple[float, float]:
    """The interval of Clopper and Pearson, Biometrika 1934;26:404-413: never too narrow, 0 to 1 of nobody.

    `count` is a whole number unless it is weighted for those who were not followed.
    """
    tail = (1 - LEVEL) / 2
    low = float(betaincinv(count, total - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, total - count, 1 - tail)) if count < total else 1.0
    return low, high


def plain(categories: pd.Series) -> pd.Series:
    """Categories of iRECIST by the names of RECIST: `iPR` is PR, `iCPD` PD; unconfirmed progression is PD too."""
    names = {"iCR": "CR", "iPR": "PR", "iSD": "SD", "iUPD": "PD", "iCPD": "PD", "Non-iCR/Non-iUPD": "Non-CR/Non-PD"}
    return categories.replace(names)


def counted(lines: pd.DataFrame) -> pd.DataFrame:
    """Those whose line has a baseline: all of them are in every rate, who was not evaluable as one without response."""
    return lines[lines.baseline_at.notna()]


def share_of(categories: pd.Series, among: Sequence[str]) -> Share:
    """How many of `categories`, one for each patient, are `among` some."""
    return exact(int(plain(categories).isin(among).sum()), len(categories))


def category_counts(categories: pd.Series) -> dict[str, int]:
    """How many patients have each category, in ORDER; who has no visit after the baseline is NE."""
    counts = plain(categories.fillna("NE")).value_counts()
    return {category: int(counts.get(category, 0)) for category in ORDER}


def not_evaluable(lines: pd.DataFrame) -> dict[str, int]:
    """Why patients have no best response, and how many, the most frequent first."""
    return dict(lines.not_evaluable.value_counts())
