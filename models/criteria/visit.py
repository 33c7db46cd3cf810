"""Visits, treatments and verdicts as values: what goes into a criterion and what comes out."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from models.criteria.finding import LesionFinding
from models.criteria.walk import Walk

_NOTHING: Walk[Any, Any, Any, Any] = Walk(None)


@dataclass(frozen=True)
class Assessment:
    """One assessment: `scan_uid` of its last scan, time `at` and calendar day of its first.

    `findings`: one per lesion. `stated_sum_mm`: a sum of diameters that was stated without lesions.
    """

    scan_uid: str
    at: dt.datetime
    day: dt.date
    findings: tuple[LesionFinding, ...] = ()
    stated_sum_mm: float | None = None

    @property
    def has_lesions(self) -> bool:
        """Whether it says anything of lesions: it can be a baseline, and is judged."""
        return bool(self.findings) or self.stated_sum_mm is not None


@dataclass(frozen=True)
class TreatmentStart:
    """A treatment as lines of therapy see it; `line` where a table or a person says which line it begins.

    A baseline that a person logged is one of kind `baseline`.
    """

    day: dt.date
    kind: str
    line: int | None = None


class Verdict(NamedTuple):
    """What a criterion says of one visit in one line; sums in mm (RANO: mm², volume: ml).

    Baseline: `category` None. `trace` is the rule, the lesions, the reference with its date and the arithmetic, as
    one sentence that names lesions by label.
    """

    line: int
    scan_uid: str
    at: dt.datetime
    category: str | None
    target_category: str | None
    non_target_category: str | None
    new_lesions: int
    sum_of_diameters: float | None
    baseline_sum: float | None
    nadir_sum: float | None
    nadir_at: dt.datetime | None
    percent_from_baseline: float | None
    percent_from_nadir: float | None
    best_overall: str | None
    confirmed: bool
    trace: str


@dataclass(frozen=True)
class LineOfTherapy:
    """One line of therapy: its number, the day it starts (None: no treatment is known), its baseline and verdicts.

    `verdicts` begin with that of the baseline. `visits`: scan_uids of all visits that belong to it, its baseline
    included. `targets`, `non_targets`: lesion_uids as the baseline fixed them; `new`: those new at visits, if any.
    `judged`, `told`: how verdicts were reached, to go on from there when more visits have come.
    """

    number: int
    start_day: dt.date | None
    baseline: Assessment | None
    visits: tuple[str, ...]
    targets: tuple[str, ...]
    non_targets: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    new: Mapping[str, frozenset[str]]
    judged: Walk[Any, Any, Any, Any] = field(default=_NOTHING, repr=False, compare=False)
    told: Walk[Any, Any, Any, Any] = field(default=_NOTHING, repr=False, compare=False)

    def goes_on_from(self, before: "LineOfTherapy") -> bool:
        """Whether all that was said of the line `before` holds: visits came after those that it had at most."""
        visits, steps = before.visits, before.told.steps
        same = (self.number, self.baseline) == (before.number, before.baseline)
        return same and visits == self.visits[: len(visits)] and steps == self.told.steps[: len(steps)]
