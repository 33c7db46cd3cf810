"""All words of the page of a cohort: what categories are called, how times and shares are written."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from dashboard import wording
from dashboard.cohort.rates import Share
from dashboard.cohort.survival import FEWEST, Median
from stream.vocabulary import RECIST

DAYS_A_MONTH = 30.4375
"""A twelfth of a year of 365.25 days."""


class Limits(NamedTuple):
    """What a criterion compares: its sum, and from which change (%) on it says response and progression."""

    of: str
    response: float
    progression: float


DIAMETERS = Limits("sum of diameters", -30, 20)
PRODUCTS = Limits("sum of products", -50, 25)
LIMITS: Mapping[str, Limits] = {
    RECIST: DIAMETERS,
    "iRECIST": DIAMETERS,
    "RANO": PRODUCTS,
    "RANO 2.0": PRODUCTS,
    "RANO 2.0 volume": Limits("sum of volumes", -65, 40),
    "volume": Limits("sum of volumes", -66, 73),
}
"""By criterion, as docs/decisions/response.md has them."""


class Step(NamedTuple):
    """A day of a curve: the share of its group without the event, with its interval, and who was last seen then."""

    group: str
    day: float
    survival: float
    low: float
    high: float
    censored: int


class Timing(NamedTuple):
    """A time to an event: its name and beginning, what people are until its end, the end, until when others count."""

    title: str
    since: str
    until: str
    ends: str
    ended: str
    censored: str


PROGRESSION_FREE = Timing(
    "Progression-free",
    "the baseline scan",
    "alive without progression",
    "progression or death",
    "progressed or died",
    "at the last scan that could be evaluated",
)
OVERALL = Timing("Overall survival", "the baseline scan", "alive", "death", "died", "on the last day known alive")
RESPONSE_LASTS = Timing(
    "Duration of response",
    "the first scan with a response",
    "in response",
    "progression or death",
    "progressed or died",
    "at the last scan that could be evaluated",
)
TIMINGS = (PROGRESSION_FREE, OVERALL, RESPONSE_LASTS)
TOO_FEW = f"Too few to say: a curve needs at least {FEWEST} patients."


def months(days: float) -> float:
    """Days as months."""
    return days / DAYS_A_MONTH


def lasting(days: float) -> str:
    """A time as people say it: `6.2 months`, `not reached`."""
    return "not reached" if pd.isna(days) else f"{months(days):.1f} months"


def median(found: Median) -> str:
    """`6.2 months (95 % interval 4.1 to 9.0 months)`."""
    if pd.isna(found.low) and pd.isna(found.high):
        return f"{lasting(found.days)} (too few were followed so long for a 95 % interval)"
    low, high = (lasting(end) for end in (found.low, found.high))
    between = f"{low.removesuffix(' months') if high.endswith(' months') else low} to {high}"
    return f"{lasting(found.days)} (95 % interval {between})"


def step(row: Step, timing: Timing) -> str:
    """A day of a curve: `6.2 months: 45 % alive (95 % interval 30 to 59 %); 2 patients last seen`."""
    between = "" if pd.isna(row.low) else f" (95 % interval {wording.interval(row.low, row.high)})"
    seen = f"; {patients(row.censored)} last seen" if row.censored else ""
    return f"{row.group}, {months(row.day):.1f} months: {wording.percent(row.survival)} {timing.until}{between}{seen}"


def share(found: Share) -> str:
    """`12 of 40: 30 % (17 to 47 %)`."""
    if not found.total:
        return "nobody yet"
    between = wording.interval(found.low, found.high)
    return f"{found.having:,} of {found.total:,}: {wording.percent(found.share)} ({between})"


def change(percent: float) -> str:
    """A change in percent with its sign: `+12 %`, `−45 %`."""
    rounded = round(percent)
    return f"{wording.sign_mark(rounded)}{abs(rounded)} %"


def patients(count: int) -> str:
    """`1 patient`, `12 patients`."""
    return f"{count:,} patient{'' if count == 1 else 's'}"
