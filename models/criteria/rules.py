"""Thresholds of criteria that judge a sum, as data with the place in the paper that each comes from."""

from dataclasses import dataclass
from fractions import Fraction

from models.criteria.exact import over
from models.criteria.measures import SizeMeasure
from models.criteria.roles import TargetLimits


@dataclass(frozen=True)
class Places:
    """Where the paper has the rule that a verdict follows."""

    target: str
    non_target: str
    new: str
    missing: str
    again: str
    overall: str


@dataclass(frozen=True)
class SumRules:
    """When a sum responds (share of the baseline, at most) and progresses (share of the nadir, and more than it by).

    `more` is in the unit of the measure.
    """

    name: str
    citation: str
    measure: SizeMeasure
    limits: TargetLimits
    response: Fraction
    progression: Fraction
    more: Fraction
    places: Places

    def responds(self, total: Fraction, baseline: Fraction) -> bool:
        """Whether a sum is far enough below the baseline's for a partial response."""
        return over(total, self.response, baseline) <= 0

    def progresses(self, total: Fraction, nadir: Fraction) -> bool:
        """Whether a sum is far enough above the nadir for progression."""
        return total > nadir and over(total, self.progression, nadir) >= 0 and total >= nadir + self.more
