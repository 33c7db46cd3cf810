"""The course of a patient: visits and treatments in, lines of therapy with a verdict for every visit out."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from models.criteria.best import DatedCategory, better, is_confirmed
from models.criteria.criterion import Criterion, Judgement
from models.criteria.exact import percent_change, plain
from models.criteria.irecist import IRECIST
from models.criteria.lines import LineStart, baseline_index, belongs, first_start, next_start
from models.criteria.rano import RANO, RANO_2, RANO_2_VOLUME
from models.criteria.recist import RECIST
from models.criteria.visit import Assessment, LineOfTherapy, TreatmentStart, Verdict
from models.criteria.volume import VOLUME
from models.criteria.walk import Walk, WalkStep, walk

ALL: tuple[Criterion[Any], ...] = (RECIST, IRECIST, RANO, RANO_2, RANO_2_VOLUME, VOLUME)
CRITERIA = {criterion.name: criterion for criterion in ALL}
"""The criteria by the name that settings and columns give them."""


@dataclass(frozen=True)
class Earlier:
    """The visits before the baseline of a line."""

    visits: tuple[Assessment, ...]


JudgedVisit = WalkStep[Assessment, Any, Judgement]
JudgedVisits = Walk[Earlier, Assessment, Any, Judgement]
"""The visits of a line with what was said of each, the baseline first."""


class SoFar(NamedTuple):
    """What verdicts up to a visit say together; `start`: the day from which stable disease is counted."""

    line: int
    start: dt.date
    dated: tuple[DatedCategory, ...] = ()
    best: str | None = None

    def after(self, day: dt.date, category: str, judge: Criterion[Any]) -> "SoFar":
        """With one more visit that has a category."""
        best = better(self.best, self.dated, (day, category), self.start, judge.scale)
        return self._replace(dated=(*self.dated, (day, category)), best=best)


Verdicts = Walk[SoFar, JudgedVisit, SoFar, Verdict]


def lines_of_therapy(
    assessments: Sequence[Assessment],
    treatments: Sequence[TreatmentStart],
    criterion: str = "RECIST 1.1",
    before: Sequence[LineOfTherapy] = (),
) -> tuple[LineOfTherapy, ...]:
    """The lines of therapy of one patient; assessments in timeline order, a visit each, one finding per lesion.

    A verdict depends on its visit and those before, and on the days on which treatments start. `before`: lines told
    earlier by this criterion; of visits that begin as they did, nothing is worked out again.
    """
    judge, known = CRITERIA[criterion], {line.number: line for line in before}
    visits = assessments if judge.of_diameters else [replace(visit, stated_sum_mm=None) for visit in assessments]
    lines: list[LineOfTherapy] = []
    line = first_start(treatments, visits)
    while line is not None:
        told = known.get(line.number)
        judged = _judged(judge, line, visits, told)
        following = next_start(line, treatments, visits, _progressed(judge, judged))
        own = _own(line, following, judged, first=not lines)
        members = _members(visits, own, line, following, first=not lines)
        lines.append(_line(judge, line, own, members, judged, told))
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


def _judged(
    judge: Criterion[Any], line: LineStart, visits: Sequence[Assessment], before: LineOfTherapy | None
) -> JudgedVisits:
    """The baseline and all later visits with lesions, judged as though the line never ended."""

    def step(memory: Any, visit: Assessment) -> tuple[Any, Judgement]:
        of_baseline = isinstance(memory, Earlier)
        return judge.baseline(memory.visits, visit) if of_baseline else judge.visit(memory, visit)

    index = baseline_index(line, visits)
    if index is None:
        return Walk(Earlier(()))
    later = [visit for visit in visits[index:] if visit.has_lesions]
    return walk(Earlier(tuple(visits[:index])), later, step, before.judged if before else None)


def _progressed(judge: Criterion[Any], judged: JudgedVisits) -> dt.date | None:
    days = (each.item.day for each in judged.steps if each.said.category in judge.scale.progressive)
    return next(days, None)


def _own(line: LineStart, following: LineStart | None, judged: JudgedVisits, first: bool) -> list[JudgedVisit]:
    """Judged visits of a line that ends where the following begins: none where its baseline would come after that."""
    if not judged.steps:
        return []
    baseline, *later = judged.steps
    if following is not None and following.day is not None and baseline.item.day > following.day:
        return []
    if _is_all(line, following, first):
        return list(judged.steps)
    return [baseline, *(each for each in later if belongs(each.item, line, first, following))]


def _members(
    visits: Sequence[Assessment],
    own: Sequence[JudgedVisit],
    line: LineStart,
    following: LineStart | None,
    first: bool,
) -> Sequence[Assessment]:
    if _is_all(line, following, first):
        return visits
    baseline = own[0].item.scan_uid if own else None
    return [each for each in visits if each.scan_uid == baseline or belongs(each, line, first, following)]


def _is_all(line: LineStart, following: LineStart | None, first: bool) -> bool:
    """Whether there is no other line that visits could belong to, as of most patients."""
    return following is None and (first or line.day is None)


def _line(
    judge: Criterion[Any],
    line: LineStart,
    own: Sequence[JudgedVisit],
    members: Sequence[Assessment],
    judged: JudgedVisits,
    before: LineOfTherapy | None,
) -> LineOfTherapy:
    verdicts = _verdicts(judge, line, own, before)
    return LineOfTherapy(
        number=line.number,
        start_day=line.day,
        baseline=own[0].item if own else None,
        visits=tuple([visit.scan_uid for visit in members]),
        targets=own[0].said.targets if own else (),
        non_targets=own[0].said.non_targets if own else (),
        verdicts=verdicts.said,
        new={each.item.scan_uid: frozenset(each.said.new) for each in own if each.said.new},
        judged=judged,
        told=verdicts,
    )


def _verdicts(
    judge: Criterion[Any], line: LineStart, own: Sequence[JudgedVisit], before: LineOfTherapy | None
) -> Verdicts:
    """A verdict per visit, with what the visits up to it say together."""

    def step(so_far: SoFar, judged: JudgedVisit) -> tuple[SoFar, Verdict]:
        visit, said = judged.item, judged.said
        if said.category is not None:
            so_far = so_far.after(visit.day, said.category, judge)
        confirmed = bool(so_far.dated) and is_confirmed(so_far.dated, judge.scale)
        return so_far, _verdict(so_far, visit, said, confirmed)

    baseline_day = own[0].item.day if own else line.day or dt.date.min
    start = SoFar(line.number, max(baseline_day, line.day or baseline_day))
    return walk(start, own, step, before.told if before else None)


def _verdict(so_far: SoFar, visit: Assessment, said: Judgement, confirmed: bool) -> Verdict:
    baseline = None if said.baseline is None else said.baseline.total
    nadir = None if said.nadir is None else said.nadir.total
    return Verdict(
        line=so_far.line,
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
        best_overall=so_far.best,
        confirmed=confirmed,
        trace=said.trace,
    )
