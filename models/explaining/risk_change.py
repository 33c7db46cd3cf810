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
from models.features import ENCODED_NAMES, FEATURE_NAMES, IMAGE_NAMES, MEASURED_NAMES, MODALITIES
from models.forecast import Forecast, RiskForecast, of_kind
from models.fused import FUSED_NAMES
from models.measurement import LARGEST, UNITS
from models.serving.forecaster import Forecaster
from models.timepoint import Timepoint, TreatmentInForce

MOST_NEWS = 11
"""Each doubles the work; where there is more, all changes of treatments and facts are told as one."""
SAME_DAYS = 1e-6  # two counts of days that differ by rounding only

Question = tuple[str, str, int | None]
"""endpoint, horizon_kind, horizon_days"""


@dataclass(frozen=True)
class WeightedHistory:
    """A patient's timepoints as one set of weights sees them; the later of the two scans comes last."""

    forecaster: Forecaster
    timepoints: Sequence[Timepoint]


@dataclass(frozen=True)
class RiskContribution:
    """`change` of the risk that is due to one thing; `kind`: visit, time, finding, treatment, fact or weights."""

    kind: str
    words: str
    change: float

    def __str__(self) -> str:
        points = round(100 * self.change, 1) or 0.0  # no minus before a zero
        return f"{self.words}: {points:+.1f} points"


@dataclass(frozen=True)
class RiskChange:
    """One forecast after the later scan, the risk after the earlier one, and the parts: before + parts = now."""

    now: RiskForecast
    before: float
    parts: tuple[RiskContribution, ...]


@dataclass(frozen=True)
class _News:
    """Something that the later scan brought; `without` gives its timepoint as it would be had it not."""

    kind: str
    words: str
    without: Callable[[Timepoint], Timepoint]


def why_moved(then: WeightedHistory, now: WeightedHistory) -> list[RiskChange]:
    """Every risk that both forecast: after the later scan by `now`, after the one before it by `then`, and the parts.

    `then` holds the weights that led after the earlier scan, its last timepoint but one; `now` those that lead after
    the later. It takes 2^news steps of the network, some tenths of a second at most.
    """
    state, forecasts = fold(then.forecaster, then.timepoints[:-1])
    news, before = _news(then, now), _risks(forecasts)
    kinds = [("visit", "another visit, whatever it found"), *((each.kind, each.words) for each in news)]
    after = _by_subset(then, state, news)
    if then.forecaster.weights_version != now.forecaster.weights_version:
        kinds.append(("weights", f"other weights lead, {_named(now.forecaster)} after {_named(then.forecaster)}"))
        after += _by_subset(now, fold(now.forecaster, now.timepoints[:-1])[0], news)
    latest = _risks(after[-1])
    questions = [question for question in before if question in latest]
    values = np.array([[_risks(each)[question].risk for question in questions] for each in after])
    visit = values[0] - [before[question].risk for question in questions]
    changes = np.vstack([visit, shapley(values)])
    parts = [
        tuple(RiskContribution(*kind, float(change)) for kind, change in zip(kinds, column, strict=True))
        for column in changes.T
    ]
    return [RiskChange(latest[each], before[each].risk, own) for each, own in zip(questions, parts, strict=True)]


def fold(forecaster: Forecaster, timepoints: Sequence[Timepoint]) -> tuple[np.ndarray, Sequence[Forecast]]:
    """The state (1, S) after `timepoints`, and what was said after the last of them."""
    state = forecaster.initial(1)
    forecasts: list[Forecast] = []
    for timepoint in timepoints:
        state, (forecasts,) = forecaster.advance(state, [timepoint])
    return state, forecasts


def _by_subset(history: WeightedHistory, state: np.ndarray, news: Sequence[_News]) -> list[list[Forecast]]:
    """What is said after the later scan, from the `state` before it, by subset of the news: bit n tells news n."""
    latest = [_holding_back(history.timepoints[-1], news, subset) for subset in range(1 << len(news))]
    return history.forecaster.advance(np.repeat(state, len(latest), axis=0), latest)[1]


def _holding_back(later: Timepoint, news: Sequence[_News], subset: int) -> Timepoint:
    for n, each in enumerate(news):
        if not subset >> n & 1:
            later = each.without(later)
    return later


def _risks(forecasts: Sequence[Forecast]) -> dict[Question, RiskForecast]:
    return {(risk.endpoint, risk.horizon_kind, risk.horizon_days): risk for risk in of_kind(RiskForecast, forecasts)}


def _named(forecaster: Forecaster) -> str:
    return f"{forecaster.card.model} {forecaster.weights_version[:12]}"


def _news(then: WeightedHistory, now: WeightedHistory) -> list[_News]:
    """What the later scan brought; time comes last, so that a treatment held back is found by its own days."""
    used = {*then.forecaster.card.feature_names, *now.forecaster.card.feature_names}
    before, later = then.timepoints[-2:]
    findings = list(_findings([each.x for each in then.timepoints], used))
    given = [*_treatments(before, later), *_facts(before, later)]
    time = [_News("time", _days(later.elapsed_days), _at_once)] if later.elapsed_days else []
    if len(findings) + len(given) + len(time) > MOST_NEWS:
        given = [_together(given)]
    return [*findings, *given, *time]


def _days(days: float) -> str:
    """In whole days, as people count them."""
    whole = round(days)
    return f"{whole} day{'' if whole == 1 else 's'} passed" if whole else "less than a day passed"


def _findings(history: Sequence[np.ndarray], used: set[str]) -> Iterator[_News]:
    """Each feature of `used` that the last of `history` measured, beside the last value known before.

    Those of the image are one finding: they come and go together, and tell of one look.
    """
    findings: dict[int, str] = {}
    for at, name in enumerate((*MEASURED_NAMES, *IMAGE_NAMES)):
        known = [x[at] for x in history if 0 <= x[at] <= LARGEST[name]]  # what the network counts as measured
        if name in used and 0 <= history[-1][at] <= LARGEST[name]:
            findings[at] = _finding(name, known[-2] if len(known) > 1 else None, known[-1])
    looks = [at for at in findings if FEATURE_NAMES[at] in IMAGE_NAMES]
    for at in (at for at in findings if at not in looks):
        yield _News("finding", findings[at], partial(_unmeasured, [at]))
    if looks:
        yield _News("finding", f"image: {', '.join(findings[at] for at in looks)}", partial(_unmeasured, looks))
    if used & {*FUSED_NAMES} and (read := _series_read(history[-1])):
        every = [FEATURE_NAMES.index(name) for name in ENCODED_NAMES]
        yield _News("finding", f"pixels of {', '.join(read)}, as an encoder read them", partial(_unmeasured, every))


def _series_read(x: np.ndarray) -> list[str]:
    """The modalities of which an encoder read a series."""
    first = {word: FEATURE_NAMES.index(f"{name}_encoded_1") for word, name in MODALITIES.items()}
    return [word for word, at in first.items() if np.isfinite(x[at])]


def _finding(name: str, before: float | None, value: float) -> str:
    unit = "" if UNITS[name] == "1" else f" {UNITS[name]}"
    words, value_text = name.replace("_", " "), f"{value:.4g}{unit}"
    if before is None:
        return f"{words} measured for the first time, {value_text}"
    return f"{words} still {value_text}" if before == value else f"{words} {before:.4g} → {value_text}"


def _unmeasured(at: Sequence[int], later: Timepoint) -> Timepoint:
    x = later.x.copy()
    x[at] = np.nan
    return replace(later, x=x)


def _treatments(before: Timepoint, later: Timepoint) -> Iterator[_News]:
    """Each treatment that started, or whose end became known, between the two scans."""
    for treatment in later.treatments:
        earlier = [each for each in before.treatments if _same(each, treatment, later.elapsed_days)]
        if not earlier:
            yield _News("treatment", f"{treatment.name} started", partial(_not_given, treatment))
        elif earlier[0].days_since_end is None and treatment.days_since_end is not None:
            yield _News("treatment", f"{treatment.name} ended", partial(_going_on, treatment))


def _same(earlier: TreatmentInForce, later: TreatmentInForce, elapsed_days: float) -> bool:
    days = later.days_since_start - elapsed_days - earlier.days_since_start
    return (earlier.name, earlier.kind) == (later.name, later.kind) and abs(days) < SAME_DAYS


def _not_given(treatment: TreatmentInForce, later: Timepoint) -> Timepoint:
    return replace(later, treatments=tuple(each for each in later.treatments if each != treatment))


def _going_on(treatment: TreatmentInForce, later: Timepoint) -> Timepoint:
    goes_on = replace(treatment, days_since_end=None)
    return replace(later, treatments=tuple(goes_on if each == treatment else each for each in later.treatments))


def _facts(before: Timepoint, later: Timepoint) -> Iterator[_News]:
    """Each clinical fact that is not what it was at the earlier scan."""
    for name in sorted({*before.clinical, *later.clinical}):
        was, now = before.clinical.get(name), later.clinical.get(name)
        if was != now:
            words = f"{name} {_known(was)} → {_known(now)}"
            yield _News("fact", words, partial(_with_fact, name, was))


def _known(value: object) -> str:
    return "unknown" if value is None else str(value)


def _with_fact(name: str, value: object, later: Timepoint) -> Timepoint:
    return replace(later, clinical={**later.clinical, name: value})


def _at_once(later: Timepoint) -> Timepoint:
    """The same scan on the day of the earlier one."""

    def then(days: float) -> float:
        return max(0.0, days - later.elapsed_days)

    def on_that_day(treatment: TreatmentInForce) -> TreatmentInForce:
        end = treatment.days_since_end
        days_since_end = None if end is None else then(end)
        return replace(treatment, days_since_start=then(treatment.days_since_start), days_since_end=days_since_end)

    return replace(later, elapsed_days=0.0, treatments=tuple(map(on_that_day, later.treatments)))


def _together(given: Sequence[_News]) -> _News:
    """All changes of treatments and facts as one."""

    def without(later: Timepoint) -> Timepoint:
        return _holding_back(later, given, 0)

    return _News("treatment", f"{len(given)} changes of treatments and facts", without)
