"""The course of a patient: visits and treatments in, lines of therapy with a verdict for every visit out."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from models.criteria.best import DatedCategory, best_overall, is_confirmed
from models.criteria.criterion import Criterion, Judgement
from models.criteria.exact import percent_change, plain
from models.criteria.irecist import IRECIST
from models.criteria.lines import LineStart, baseline_index, belongs, first_start, next_start
from models.criteria.rano import RANO, RANO_2, RANO_2_VOLUME
from models.criteria.recist import RECIST
from models.criteria.visit import Assessment, LineOfTherapy, TreatmentStart, Verdict
from models.criteria.volume import VOLUME

ALL: tuple[Criterion[Any], ...] = (RECIST, IRECIST, RANO, RANO_2, RANO_2_VOLUME, VOLUME)
CRITERIA = {criterion.name: criterion for criterion in ALL}
"""The criteria by the name that settings and columns give them."""

JudgedVisits = list[tuple[Assessment, Judgement]]
"""The visits of a line with what was said of each, the baseline first."""


def lines_of_therapy(
    assessments: Sequence[Assessment], treatments: Sequence[TreatmentStart], criterion: str = "RECIST 1.1"
) -> tuple[LineOfTherapy, ...]:
    """The lines of therapy of one patient; assessments in timeline order, a visit each, one finding per lesion.

    A verdict depends on its visit and those before, and on the days on which treatments start.
    """
    judge = CRITERIA[criterion]
    visits = assessments if judge.of_diameters else [replace(visit, stated_sum_mm=None) for visit in assessments]
    lines: list[LineOfTherapy] = []
    line = first_start(treatments, visits)
    while line is not None:
        judged = _judged(judge, line, visits)
        following = next_start(line, treatments, visits, _progressed(judge, judged))
        lines.append(_line(judge, line, following, visits, judged, first=not lines))
        line = following
    return tuple(lines)


def criteria_of(stated: object, disease: str, assessments: Sequence[Assessment]) -> tuple[str, ...]:
    """Criteria that a patient is judged by, RECIST 1.1 always: those `stated` (`;` between), of a brain its own.

    In the brain RANO where a lesion has two perpendicular diameters, else volumes.
    """
    names = [name for part in stated.split(";") if (name := part.strip())] if isinstance(stated, str) else []
    if not names and disease == "brain":
        crossed = any(one.long_axis_mm and one.short_axis_mm for visit in assessments for one in visit.findings)
        names = [RANO.name if crossed else VOLUME.name]
    return tuple(dict.fromkeys((RECIST.name, *(name for name in names if name in CRITERIA))))


def unknown_criteria(stated: str) -> list[str]:
    """Names among `stated` (`;` between) that no criterion has."""
    return [name for part in stated.split(";") if (name := part.strip()) and name not in CRITERIA]


def _judged(judge: Criterion[Any], line: LineStart, visits: Sequence[Assessment]) -> JudgedVisits:
    """The baseline and all later visits with lesions, judged as though the line never ended."""
    index = baseline_index(line, visits)
    if index is None:
        return []
    memory, judgement = judge.baseline(visits[:index], visits[index])
    judged = [(visits[index], judgement)]
    for visit in visits[index + 1 :]:
        if visit.has_lesions:
            memory, judgement = judge.visit(memory, visit)
            judged.append((visit, judgement))
    return judged


def _progressed(judge: Criterion[Any], judged: JudgedVisits) -> dt.date | None:
    days = (visit.day for visit, judgement in judged if judgement.category in judge.scale.progressive)
    return next(days, None)


def _line(
    judge: Criterion[Any],
    line: LineStart,
    following: LineStart | None,
    visits: Sequence[Assessment],
    judged: JudgedVisits,
    first: bool,
) -> LineOfTherapy:
    """The line as it ends where the following begins; a baseline of its own it has only if it got that far."""
    own = [(visit, said) for visit, said in judged if belongs(visit, line, first, following) or visit is judged[0][0]]
    if judged and following is not None and following.day is not None and judged[0][0].day > following.day:
        own = []
    baseline = own[0][0] if own else None
    members = [visit for visit in visits if visit is baseline or belongs(visit, line, first, following)]
    return LineOfTherapy(
        number=line.number,
        start_day=line.day,
        baseline=baseline,
        visits=tuple(visit.scan_uid for visit in members),
        targets=own[0][1].targets if own else (),
        non_targets=own[0][1].non_targets if own else (),
        verdicts=_verdicts(judge, line, own),
        new={visit.scan_uid: frozenset(said.new) for visit, said in own},
    )


def _verdicts(judge: Criterion[Any], line: LineStart, judged: JudgedVisits) -> tuple[Verdict, ...]:
    """A verdict per visit, with what the visits up to it say together."""
    verdicts: list[Verdict] = []
    dated: list[DatedCategory] = []
    for visit, said in judged:
        if said.category is not None:
            dated.append((visit.day, said.category))
        start = max(judged[0][0].day, line.day or judged[0][0].day)
        verdicts.append(_verdict(line, visit, said, best_overall(dated, start, judge.scale)))
        if dated and is_confirmed(dated, judge.scale):
            verdicts[-1] = replace(verdicts[-1], confirmed=True)
    return tuple(verdicts)


def _verdict(line: LineStart, visit: Assessment, said: Judgement, best: str | None) -> Verdict:
    baseline = None if said.baseline is None else said.baseline.total
    nadir = None if said.nadir is None else said.nadir.total
    return Verdict(
        line=line.number,
        scan_uid=visit.scan_uid,
        at=visit.at,
        category=said.category,
        target_category=said.target_category,
        non_target_category=said.non_target_category,
        new_lesions=len(said.new),
        sum_of_diameters=plain(said.total),
        baseline_sum=plain(baseline),
        nadir_sum=plain(nadir),
        nadir_at=None if said.nadir is None else said.nadir.at,
        percent_from_baseline=None if said.category is None else percent_change(said.total, baseline),
        percent_from_nadir=percent_change(said.total, nadir),
        best_overall=best,
        confirmed=False,
        trace=said.trace,
    )
