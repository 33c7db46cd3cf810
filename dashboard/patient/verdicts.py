"""What a visit says of the response, in words: the verdict, and the reason that decided it."""

import datetime as dt
import re
from collections.abc import Sequence

import pandas as pd

from dashboard import wording
from dashboard.patient.case import PatientCase
from dashboard.words.responses import called

SEEN = ("measured", "too_small", "present")
NORMAL_NODE_MM = 10.0
"""A lymph node is disease from this short axis on (RECIST 1.1, 4.3.2)."""
LIMITS_PERCENT = (20, -30)
"""Of progression and of a partial response."""
_MONTHS = "January February March April May June July August September October November December"


def written(day: dt.date) -> str:
    """A day as it is spoken: `12 March 2026`."""
    return f"{day.day} {_MONTHS.split()[day.month - 1]} {day.year}"


def unbroken(sentence: str) -> str:
    """`sentence` with numbers that stay on one line with their unit."""
    return re.sub(r"(?<=\d) (?=%|mm\b|ml\b)", "\N{NO-BREAK SPACE}", sentence)


def is_baseline(row: pd.Series) -> bool:
    """Whether a row of `response` is no verdict but where its line starts."""
    return row.category is None


def reason(row: pd.Series, case: PatientCase) -> str:
    """What decided a verdict: how far the sum is from its reference and that one's day, what else there is."""
    of_sum, others = _of_sum(row, case), [_of_others(row), _of_new(row, case), _of_missing(row, case)]
    by_sum = [of_sum, *others] if row.target_category == row.category else [*others, of_sum]
    return "; ".join(part for part in by_sum if part)


def _of_sum(row: pd.Series, case: PatientCase) -> str:
    if pd.isna(row.sum_of_diameters) or pd.isna(row.baseline_sum) or pd.isna(row.nadir_at):
        return ""
    nadir, baseline = written(case.day(row.nadir_at)), written(_baseline_day(row, case))
    apart = _apart(row.sum_of_diameters, row.nadir_sum, row.percent_from_nadir, wording.sum_unit(row.criterion))
    over_nadir = f"sum of targets {apart} nadir of {nadir}"
    apart = _apart(row.sum_of_diameters, row.baseline_sum, row.percent_from_baseline, wording.sum_unit(row.criterion))
    over_baseline = f"sum of targets {apart} baseline of {baseline}"
    if row.target_category == "CR":
        return "every target is gone or a lymph node of normal size"
    if row.target_category == "PD":
        return over_nadir
    if row.target_category == "PR" or nadir == baseline:
        return over_baseline
    return f"{over_baseline}, {over_nadir.removeprefix('sum of targets ')}"


def _apart(total: float, reference: float, percent: float, unit: str) -> str:
    """`+38 % and 12 mm over the`, `−30 % and 9 mm under the`; cut, not rounded: 19.9 % never reads as 20 %."""
    far = total - reference
    if abs(far) < 1e-6:
        return "the same as at the"
    share = "" if pd.isna(percent) else f"{signed(percent)} % and "
    return f"{share}{size(abs(far))} {unit} {'over' if far > 0 else 'under'} the"


def signed(percent: float) -> str:
    """A change in whole percents with its sign; beside a limit with a tenth, cut: 19.96 % never reads as 20 %."""
    beside = any(0 < abs(percent - limit) < 0.5 for limit in LIMITS_PERCENT)
    value = int(percent * 10) / 10 if beside else round(percent)
    return f"{wording.sign_mark(value)}{abs(value):g}"


def size(value: float) -> str:
    """A size with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def _baseline_day(row: pd.Series, case: PatientCase) -> dt.date:
    return case.day(_of_line(case.verdicts, row).acquired_at.min())


def _of_others(row: pd.Series) -> str:
    """What the lesions that are no targets decided."""
    if row.non_target_category == "PD":
        return "unequivocal progression of lesions that are no targets"
    if row.category == "CR" and row.non_target_category == "CR":
        return "all other lesions are gone"
    if row.category == "Non-CR/Non-PD":
        return "there are no targets, and the other lesions are still there"
    if row.target_category == "CR" and row.category == "PR":
        return "other lesions are still there, or were not evaluated"
    return ""


def _of_new(row: pd.Series, case: PatientCase) -> str:
    if not row.new_lesions:
        told = "PD" in (row.target_category, row.non_target_category)
        return "" if row.category != "PD" or told else "disease is seen again after a complete response"
    names = new_lesions(row, case)
    called = f": {listed(names)}" if len(names) == row.new_lesions else ""
    return f"{int(row.new_lesions)} new lesion{'' if row.new_lesions == 1 else 's'}{called}"


def new_lesions(row: pd.Series, case: PatientCase) -> list[str]:
    """What is there at a visit and was first seen after the baseline of its line, by name."""
    baseline = _of_line(case.verdicts, row).acquired_at.min()
    there = case.lesions[(case.lesions.scan_uid == row.scan_uid) & case.lesions.state.isin(SEEN)]
    there = there[(there.first_seen_at > baseline) & ~(there.node & (there.short_axis_mm < NORMAL_NODE_MM))]
    return [case.labels[lesion] for lesion in there.lesion_id]


def _of_missing(row: pd.Series, case: PatientCase) -> str:
    if row.category != "NE":
        return ""
    names = missing(row, case)
    return f"{listed(names)} {'was' if len(names) == 1 else 'were'} not evaluated" if names else "not all was evaluated"


def missing(row: pd.Series, case: PatientCase) -> list[str]:
    """The targets of a line that a visit does not evaluate, by name; of a line without targets its other lesions."""
    of_line = case.lesions[case.lesions.line == row.line]
    role = "non_target" if row.target_category is None else "target"
    at_visit = case.lesions[case.lesions.scan_uid == row.scan_uid]
    told = set(at_visit.lesion_id[at_visit.state != "not_evaluated"])
    wanted = set(of_line.lesion_id[of_line.role == role]) - told
    return [name for lesion, name in case.labels.items() if lesion in wanted]


def _of_line(verdicts: pd.DataFrame, row: pd.Series) -> pd.DataFrame:
    return verdicts[(verdicts.line == row.line) & (verdicts.criterion == row.criterion)]


def listed(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def sentence(row: pd.Series, case: PatientCase) -> str:
    """A verdict with its criterion, day, line and reason; of a baseline its sum."""
    at = f"visit of {written(case.day(row.acquired_at))}"
    if is_baseline(row):
        total = "its sum of targets is not known" if pd.isna(row.baseline_sum) else _total(row)
        return f"The {at} is the baseline of line {row.line}: {total}."
    confirmed = ", which confirms the response before it" if row.confirmed else ""
    said = f"{_capital(called(row.category))} by {row.criterion} at the {at} (line {row.line}){confirmed}"
    why = reason(row, case)
    return f"{said}: {why}." if why else f"{said}."


def _total(row: pd.Series) -> str:
    return f"the sum of its targets is {size(row.baseline_sum)} {wording.sum_unit(row.criterion)}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
