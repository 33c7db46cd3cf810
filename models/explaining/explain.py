"""Why a risk moved between two scans of one patient: signed parts, in words, that sum to the difference.

The later scan is told again with some of its news held back, always as something that the network can really see: a
finding held back is missing (the last value is carried forward), no day has passed, treatments and facts are those of
the earlier scan, the earlier weights speak. What the risk does when all news is held back is the part of the visit
itself. The rest is shared out by exact Shapley values over all subsets of the news (models.explaining.shapley).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from models.explaining.shapley import shapley
from models.features import FEATURE_NAMES, IMAGE_NAMES
from models.forecast import Forecast, RiskForecast, of_kind
from models.measurement import LARGEST, UNITS
from models.serving.forecaster import Forecaster
from models.timepoint import Timepoint, TreatmentInForce

MOST_NEWS = 11
"""Each doubles the work; where there is more, all changes of treatments and facts are told as one."""
SAME_DAYS = 1e-6  # two counts of days that differ by rounding only

Question = tuple[str, str, int | None]
"""endpoint, horizon_kind, horizon_days"""


@dataclass(frozen=True)
class Told:
    """A patient's timepoints as one set of weights sees them; the later of the two scans comes last."""

    forecaster: Forecaster
    timepoints: Sequence[Timepoint]


@dataclass(frozen=True)
class Part:
    """`change` of the risk that is due to one thing; `kind`: visit, time, finding, treatment, fact or weights."""

    kind: str
    words: str
    change: float

    def __str__(self) -> str:
        points = round(100 * self.change, 1) or 0.0  # no minus before a zero
        return f"{self.words}: {points:+.1f} points"


@dataclass(frozen=True)
class Moved:
    """One forecast after the later scan, the risk after the earlier one, and the parts: before + parts = now."""

    now: RiskForecast
    before: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class _News:
    """Something that the later scan brought; `without` gives its timepoint as it would be had it not."""

    kind: str
    words: str
    without: Callable[[Timepoint], Timepoint]


def why_moved(then: Told, now: Told) -> list[Moved]:
    """Every risk that both forecast: after the later scan by `now`, after the one before it by `then`, and the parts.

    `then` holds the weights that led after the earlier scan, its last timepoint but one; `now` those that lead after
    the later. It takes 2^news steps of the network, some tenths of a second at most.
    """
    state, said = fold(then.forecaster, then.timepoints[:-1])
    news, before = _news(then, now), _risks(said)
    kinds = [("visit", "another visit, whatever it found"), *((one.kind, one.words) for one in news)]
    after = _by_subset(then, state, news)
    if then.forecaster.weights_version != now.forecaster.weights_version:
        kinds.append(("weights", f"other weights lead, {_named(now.forecaster)} after {_named(then.forecaster)}"))
        after += _by_subset(now, fold(now.forecaster, now.timepoints[:-1])[0], news)
    latest = _risks(after[-1])
    questions = [question for question in before if question in latest]
    values = np.array([[_risks(each)[question].risk for question in questions] for each in after])
    visit = values[0] - [before[question].risk for question in questions]
    changes = np.vstack([visit, shapley(values)])
    return [
        Moved(latest[question], before[question].risk,
              tuple(Part(*kind, float(change)) for kind, change in zip(kinds, column, strict=True)))
        for question, column in zip(questions, changes.T, strict=True)
    ]  # fmt: skip


def fold(forecaster: Forecaster, timepoints: Sequence[Timepoint]) -> tuple[np.ndarray, Sequence[Forecast]]:
    """The state (1, S) after `timepoints`, and what was said after the last of them."""
    state, said = forecaster.initial(1), []
    for timepoint in timepoints:
        state, (said,) = forecaster.advance(state, [timepoint])
    return state, said


def _by_subset(told: Told, state: np.ndarray, news: Sequence[_News]) -> list[Sequence[Forecast]]:
    """What is said after the later scan, from the `state` before it, by subset of the news: bit n tells news n."""
    seen = [_holding_back(told.timepoints[-1], news, subset) for subset in range(1 << len(news))]
    return told.forecaster.advance(np.repeat(state, len(seen), axis=0), seen)[1]


def _holding_back(seen: Timepoint, news: Sequence[_News], subset: int) -> Timepoint:
    for n, one in enumerate(news):
        if not subset >> n & 1:
            seen = one.without(seen)
    return seen


def _risks(said: Sequence[Forecast]) -> dict[Question, RiskForecast]:
    return {(one.endpoint, one.horizon_kind, one.horizon_days): one for one in of_kind(RiskForecast, said)}


def _named(forecaster: Forecaster) -> str:
    return f"{forecaster.card.model} {forecaster.weights_version[:12]}"


def _news(then: Told, now: Told) -> list[_News]:
    """What the later scan brought; time comes last, so that a treatment held back is found by its own days."""
    used = {*then.forecaster.card.feature_names, *now.forecaster.card.feature_names}
    before, seen = then.timepoints[-2:]
    findings = list(_findings([each.x for each in then.timepoints], used))
    given = [*_treatments(before, seen), *_facts(before, seen)]
    time = [_News("time", _days(seen.elapsed_days), _at_once)] if seen.elapsed_days else []
    if len(findings) + len(given) + len(time) > MOST_NEWS:
        given = [_together(given)]
    return [*findings, *given, *time]


def _days(days: float) -> str:
    whole = f"{round(days, 1):g}"
    return f"{whole} day{'' if whole == '1' else 's'} passed"


def _findings(history: Sequence[np.ndarray], used: set[str]) -> Iterator[_News]:
    """Each feature of `used` that the last of `history` measured, beside the last value known before.

    Those of the image are one finding: they come and go together, and tell of one look.
    """
    found: dict[int, str] = {}
    for at, name in enumerate(FEATURE_NAMES):
        known = [x[at] for x in history if 0 <= x[at] <= LARGEST[name]]  # what the network counts as measured
        if name in used and 0 <= history[-1][at] <= LARGEST[name]:
            found[at] = _finding(name, known[-2] if len(known) > 1 else None, known[-1])
    looks = [at for at in found if FEATURE_NAMES[at] in IMAGE_NAMES]
    for at in (at for at in found if at not in looks):
        yield _News("finding", found[at], partial(_unmeasured, [at]))
    if looks:
        yield _News("finding", f"image: {', '.join(found[at] for at in looks)}", partial(_unmeasured, looks))


def _finding(name: str, before: float | None, value: float) -> str:
    unit = "" if UNITS[name] == "1" else f" {UNITS[name]}"
    words, value_text = name.replace("_", " "), f"{value:.4g}{unit}"
    if before is None:
        return f"{words} measured for the first time, {value_text}"
    return f"{words} still {value_text}" if before == value else f"{words} {before:.4g} → {value_text}"


def _unmeasured(at: Sequence[int], seen: Timepoint) -> Timepoint:
    x = seen.x.copy()
    x[at] = np.nan
    return replace(seen, x=x)


def _treatments(before: Timepoint, seen: Timepoint) -> Iterator[_News]:
    """Each treatment that started, or whose end became known, between the two scans."""
    for one in seen.treatments:
        earlier = [each for each in before.treatments if _same(each, one, seen.elapsed_days)]
        if not earlier:
            yield _News("treatment", f"{one.name} started", partial(_not_given, one))
        elif earlier[0].days_since_end is None and one.days_since_end is not None:
            yield _News("treatment", f"{one.name} ended", partial(_going_on, one))


def _same(earlier: TreatmentInForce, later: TreatmentInForce, elapsed_days: float) -> bool:
    days = later.days_since_start - elapsed_days - earlier.days_since_start
    return (earlier.name, earlier.kind) == (later.name, later.kind) and abs(days) < SAME_DAYS


def _not_given(treatment: TreatmentInForce, seen: Timepoint) -> Timepoint:
    return replace(seen, treatments=tuple(each for each in seen.treatments if each != treatment))


def _going_on(treatment: TreatmentInForce, seen: Timepoint) -> Timepoint:
    goes_on = replace(treatment, days_since_end=None)
    return replace(seen, treatments=tuple(goes_on if each == treatment else each for each in seen.treatments))


def _facts(before: Timepoint, seen: Timepoint) -> Iterator[_News]:
    """Each clinical fact that is not what it was at the earlier scan."""
    for name in sorted({*before.clinical, *seen.clinical}):
        was, now = before.clinical.get(name), seen.clinical.get(name)
        if was != now:
            words = f"{name} {_known(was)} → {_known(now)}"
            yield _News("fact", words, partial(_with_fact, name, was))


def _known(value: object) -> str:
    return "unknown" if value is None else str(value)


def _with_fact(name: str, value: object, seen: Timepoint) -> Timepoint:
    return replace(seen, clinical={**seen.clinical, name: value})


def _at_once(seen: Timepoint) -> Timepoint:
    """The same scan on the day of the earlier one."""

    def then(days: float) -> float:
        return max(0.0, days - seen.elapsed_days)

    treatments = tuple(
        replace(each, days_since_start=then(each.days_since_start),
                days_since_end=None if each.days_since_end is None else then(each.days_since_end))
        for each in seen.treatments
    )  # fmt: skip
    return replace(seen, elapsed_days=0.0, treatments=treatments)


def _together(given: Sequence[_News]) -> _News:
    """All changes of treatments and facts as one."""

    def without(seen: Timepoint) -> Timepoint:
        return _holding_back(seen, given, 0)

    return _News("treatment", f"{len(given)} changes of treatments and facts", without)
