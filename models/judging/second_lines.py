"""Whether a second line is better forecast from a fresh start or with what the first one left in the state.

`python -m models.judging.second_lines [PATIENTS]` prints tables of simulated patients (models.simulation.second_lines),
forecast by the committed weights, which never saw a second line; docs/forecasts.md says what was made of it.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from models.card import COMMITTED, NEXT_VISIT, EndpointOf
from models.criteria.visit import LineOfTherapy
from models.features import FEATURE_NAMES
from models.forecast import RiskForecast, of_kind
from models.judging.judge import LAST_LANDMARK, RESAMPLING_SEED, landmark_name, question_name
from models.judging.report import cell
from models.serving.forecaster import Forecaster, load_forecaster
from models.simulation.lines import FollowedPatient, lines_of
from models.simulation.patients import simulate
from models.simulation.second_lines import first_lines, second_lines
from models.statistics.calibration import observed_over_expected
from models.statistics.metrics import CaseControlWeights, auc, brier, censored, estimate, known, over_patients
from models.timepoint import Timepoint
from models.training.crossvalidation import stepped

PATIENTS = 3000
SETTINGS = {
    "The second drug's effect is independent of the first one's": 0.0,
    "In three of four patients the second drug works as the first one did": 0.75,
}
QUESTIONS = (
    EndpointOf("progression", NEXT_VISIT, None),
    EndpointOf("progression", "days", 90),
    EndpointOf("progression", "days", 180),
)
MEASURES: dict[str, Callable[[np.ndarray, CaseControlWeights], float]] = {
    "AUC": auc,
    "Brier score": brier,
    "observed/expected": observed_over_expected,
}
EXACT = ("Brier score",)  # differences lie in the fourth decimal
COMPARED = ("AUC", "Brier score")
FRESH, HIDDEN, CARRIED = "fresh", "hidden state carried on", "all carried on"
"""As served; the hidden state of before with a history that counts from the new baseline; both of before."""


class JudgedLine(NamedTuple):
    """Visits of one line at which a sum was known, up to its first progression: days (V,), sums in mm (V,).

    `progressed`: the last of them shows it.
    """

    days: np.ndarray
    sums_mm: np.ndarray
    progressed: bool

    def before_last(self) -> "JudgedLine":
        """The line without its last visit."""
        return JudgedLine(self.days[:-1], self.sums_mm[:-1], False)


class OpenVisits(NamedTuple):
    """R visits at which the question is open and another followed, `number` counts from the baseline (0).

    `time_days` to the first progression in the line (`event`) or to the last visit, `gap_days` to the next.
    """

    patient: np.ndarray
    number: np.ndarray
    time_days: np.ndarray
    event: np.ndarray
    gap_days: np.ndarray

    def of(self, rows: np.ndarray) -> "OpenVisits":
        """The rows chosen by a mask."""
        return OpenVisits(*(each[rows] for each in self))

    def weights(self, question: EndpointOf, count: np.ndarray) -> CaseControlWeights:
        """Weights of the rows as cases and controls, each row drawn `count` times."""
        if question.horizon_days is None:
            return known(self.event & (self.time_days <= self.gap_days), count)
        return censored(self.time_days, self.event, question.horizon_days, count)


def judged(line: LineOfTherapy) -> JudgedLine:
    """What RECIST 1.1 says of a line, as far as a model of sums can follow it."""
    categories = [verdict.category for verdict in line.verdicts]
    upto = categories.index("PD") + 1 if "PD" in categories else len(categories)
    seen = [each for each in line.verdicts[:upto] if each.sum_of_diameters is not None or each.category == "PD"]
    sums = [np.nan if each.sum_of_diameters is None else each.sum_of_diameters for each in seen]
    return JudgedLine(np.array([float(each.scan_uid) for each in seen]), np.array(sums), "PD" in categories)


def judged_lines(patients: Sequence[FollowedPatient]) -> tuple[list[JudgedLine], list[JudgedLine]]:
    """First and second lines of the patients in whose second one a sum can be followed from its baseline on."""
    lines = [[judged(line) for line in lines_of(each.visits, each.treatments)] for each in patients]
    pairs = [pair for pair in lines if len(pair[1].days) > 1 and np.isfinite(pair[1].sums_mm[0])]
    return [first for first, _ in pairs], [second for _, second in pairs]


def open_visits(lines: Sequence[JudgedLine]) -> OpenVisits:
    """All visits of the lines but the last, each line a patient."""
    days = [line.days for line in lines]
    return OpenVisits(
        np.repeat(np.arange(len(lines)), [len(each) - 1 for each in days]),
        np.concatenate([np.arange(len(each) - 1) for each in days]),
        np.concatenate([each[-1] - each[:-1] for each in days]),
        np.repeat([line.progressed for line in lines], [len(each) - 1 for each in days]),
        np.concatenate([np.diff(each) for each in days]),
    )


def states(forecaster: Forecaster, before: Sequence[JudgedLine]) -> dict[str, np.ndarray]:
    """The states (N, S) from which each start goes on, after the visits `before` the new baseline."""
    fresh = forecaster.initial(len(before))
    carried, _ = stepped(forecaster, fresh, [_timepoints(each.days, each.sums_mm) for each in before])
    hidden = carried.copy()
    hidden[:, -len(forecaster.card.state_layout["cells"]) :] = 0.0
    return {FRESH: fresh, HIDDEN: hidden, CARRIED: carried}


def risks(forecaster: Forecaster, before: Sequence[JudgedLine], lines: Sequence[JudgedLine]) -> dict[str, np.ndarray]:
    """Risks (R, questions) at the open visits of lines by each start, after the visits `before` each line."""
    asked = [line.before_last() for line in lines]
    anew = [_timepoints(each.days, each.sums_mm) for each in asked]
    on = [
        _timepoints(each.days, each.sums_mm, past.days[-1:].tolist()) for past, each in zip(before, asked, strict=True)
    ]
    starts = states(forecaster, before).items()
    return {name: _risks(forecaster, state, on if name == CARRIED else anew) for name, state in starts}


def _timepoints(days: np.ndarray, sums_mm: np.ndarray, last_day: Sequence[float] = ()) -> list[Timepoint]:
    """The visits on `days` as the model sees them; `last_day`: of the visit before, where there is one that counts."""
    elapsed = np.diff(days, prepend=[*last_day] or days[:1])
    points = []
    for size, gap in zip(sums_mm, elapsed, strict=True):
        x = np.full(len(FEATURE_NAMES), np.nan)
        x[FEATURE_NAMES.index("sum_of_diameters")] = size
        points.append(Timepoint(x, float(gap), "lung", (), {}))
    return points


def _risks(forecaster: Forecaster, states: np.ndarray, timelines: Sequence[Sequence[Timepoint]]) -> np.ndarray:
    _, forecasts = stepped(forecaster, states, timelines)
    found = [of_kind(RiskForecast, of_visit) for of_line in forecasts for of_visit in of_line]
    wanted = [(each.horizon_kind, each.horizon_days) for each in QUESTIONS]
    by_horizon = [{(each.horizon_kind, each.horizon_days): each.risk for each in of_visit} for of_visit in found]
    return np.array([[each[horizon] for horizon in wanted] for each in by_horizon])


def table(rows: OpenVisits, by_start: dict[str, np.ndarray]) -> Iterator[str]:
    """Lines of a table in Markdown: each question, then the first one by visit in the line, by start."""
    heads = ["", "visits", "with the event", "start", *MEASURES, *(f"{name} less that of fresh" for name in COMPARED)]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    everywhere, landmark = np.ones(len(rows.patient), dtype=bool), np.minimum(rows.number, LAST_LANDMARK)
    for k, question in enumerate(QUESTIONS):
        yield from _place(question_name(question), rows, by_start, everywhere, k)
    for number in np.unique(landmark):
        name = f"{question_name(QUESTIONS[0])}, {landmark_name(number, open_ended=True)}"
        yield from _place(name, rows, by_start, landmark == number, 0)


def _place(
    name: str, rows: OpenVisits, by_start: dict[str, np.ndarray], here: np.ndarray, question: int
) -> Iterator[str]:
    """A line for each start; all starts are drawn the same patients."""
    part, risk = rows.of(here), [each[here, question] for each in by_start.values()]

    def measure(count: np.ndarray) -> np.ndarray:
        weights = part.weights(QUESTIONS[question], count)
        return np.array([[take(each, weights) for take in MEASURES.values()] for each in risk])

    values = over_patients(part.patient, measure, RESAMPLING_SEED)  # (1 + resamples, starts, measures)
    cases = int((part.weights(QUESTIONS[question], np.ones(len(part.patient))).case > 0).sum())
    for n, start in enumerate(by_start):
        cells = [_cell(values[:, n, m], measured) for m, measured in enumerate(MEASURES)]
        beyond = [_cell(values[:, n, m] - values[:, 0, m], each) for m, each in enumerate(MEASURES) if each in COMPARED]
        cells += beyond if n else ["" for _ in beyond]
        yield f"| {name} | {len(part.patient)} | {cases} | {start} | {' | '.join(cells)} |"


def _cell(values: np.ndarray, measured: str) -> str:
    return cell(estimate(values), exact=measured in EXACT)


def main(patients: int = PATIENTS) -> None:
    """Simulate, forecast and print a table for each setting."""
    forecaster = load_forecaster(COMMITTED / "progression", "cpu")
    began = first_lines(simulate(patients))
    for setting, same_effect in SETTINGS.items():
        first, second = judged_lines(second_lines(began, same_effect))
        # the visit that shows the progression is the baseline of the second line
        by_start = risks(forecaster, [line.before_last() for line in first], second)
        print(f"\n{setting} ({len(second)} simulated patients):\n")
        print("\n".join(table(open_visits(second), by_start)), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
