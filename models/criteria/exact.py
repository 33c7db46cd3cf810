"""Sizes as exact numbers: a binary float must not decide whether a limit is met (28 to 19.6 mm is exactly -30 %)."""

from fractions import Fraction
from functools import lru_cache

PLACES = 6
"""Decimal places of a millimetre (mm², ml) that count."""


@lru_cache(maxsize=10_000)
def exact(value: float) -> Fraction:
    """The number that was meant, to 1e-6 of its unit."""
    return Fraction(round(value * 10**PLACES), 10**PLACES)


def plain(value: Fraction | None) -> float | None:
    """An exact number as it is reported, to 1e-6 of its unit."""
    return None if value is None else round(float(value), PLACES)


def percent_change(value: Fraction | None, reference: Fraction | None) -> float | None:
    """How far a sum is above (below: negative) another, in percent; None where there is none or the other is 0."""
    return None if value is None or not reference else float((value - reference) * 100 / reference)
