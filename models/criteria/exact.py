"""Sizes as exact numbers: a binary float must not decide whether a limit is met (28 to 19.6 mm is exactly -30 %)."""

from fractions import Fraction
from functools import lru_cache

PLACES = 6
"""Decimal places of a millimetre (mm², ml) that count."""


@lru_cache(maxsize=10_000)
def exact(value: float) -> Fraction:
    """The number that was meant, to 1e-6 of its unit."""
    return Fraction(round(value * 10**PLACES), 10**PLACES)


def near(value: Fraction) -> float:
    """The float next to an exact number; `float` finds the same in three times the time."""
    return value.numerator / value.denominator


def plain(value: Fraction | None) -> float | None:
    """An exact number as it is reported, to 1e-6 of its unit."""
    return None if value is None else round(near(value), PLACES)


def over(value: Fraction, share: Fraction, reference: Fraction) -> int:
    """Above 0 where a sum is more than that share of another, 0 where it is just as much, else below 0."""
    most = share.numerator * reference.numerator * value.denominator
    return value.numerator * reference.denominator * share.denominator - most


def apart(value: Fraction, reference: Fraction) -> float:
    """The float next to how far a sum is above (below: negative) another."""
    return _difference(value, reference) / (value.denominator * reference.denominator)


def percent_change(value: Fraction | None, reference: Fraction | None) -> float | None:
    """How far a sum is above (below: negative) another, in percent; None where there is none or the other is 0."""
    if value is None or not reference:
        return None
    return _difference(value, reference) * 100 / (reference.numerator * value.denominator)


def _difference(value: Fraction, reference: Fraction) -> int:
    """In whole numbers: their quotient is rounded once, as that of fractions is, which takes five times as long."""
    return value.numerator * reference.denominator - reference.numerator * value.denominator
