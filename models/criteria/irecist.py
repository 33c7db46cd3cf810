"""iRECIST: progression has to be confirmed (Seymour et al., Lancet Oncol 2017;18:e143-e152, Table 2).

RECIST 1.1 judges each visit; its first PD is iUPD, and iCPD once it has grown further. Any other verdict resets the
bar: a later PD is a new iUPD. New lesions that a response has outlived count again once they progress themselves.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from models.criteria.criterion import CategoryScale, Judgement
from models.criteria.evidence import LineState
from models.criteria.recist import RECIST, RECIST_RULES
from models.criteria.scene import LesionReading, Scene
from models.criteria.sums import NEITHER, overall_category
from models.criteria.trace import lesions
from models.criteria.visit import Assessment

UNCONFIRMED, CONFIRMED, NEITHER_YET = "iUPD", "iCPD", "Non-iCR/Non-iUPD"
GROWN_MM = Fraction(5)
"""Growth (mm) since iUPD that confirms it; increases add up (EORTC's published answer)."""
CONFIRMED_FROM_DAYS = 28
"""Shortest time (days) after which growth confirms progression: 4 to 8 weeks."""

IMMUNE_SCALE = CategoryScale(
    ranks={"NE": 0, UNCONFIRMED: 1, CONFIRMED: 2, "iSD": 3, NEITHER_YET: 3, "iPR": 4, "iCR": 5},
    complete="iCR",
    partial="iPR",
    stable=frozenset({"iSD", NEITHER_YET}),
    progressive=frozenset({UNCONFIRMED, CONFIRMED}),
    final=frozenset({CONFIRMED}),
)


@dataclass(frozen=True)
class Progression:
    """The first unconfirmed progression since the bar was reset: what had progressed, and how large it was.

    `told`: non-targets and new lesions of which the reader calls it unequivocal.
    """

    day: dt.date
    total: Fraction | None
    by_target: bool
    by_non_target: bool
    told: frozenset[str]
    new: frozenset[str]
    sizes: Mapping[str, Fraction]


@dataclass(frozen=True)
class ImmuneState:
    """The line as RECIST 1.1 sees it; `outlived`: new lesions that a later response has outlived → their smallest size.

    That size (mm) is None until one is measured.
    """

    line: LineState
    unconfirmed: Progression | None = None
    confirmed: bool = False
    outlived: Mapping[str, Fraction | None] = field(default_factory=dict)


class ImmuneCriterion:
    """Judges a line by iRECIST."""

    name = "iRECIST"
    scale = IMMUNE_SCALE
    of_diameters = True

    def baseline(self, earlier: Sequence[Assessment], visit: Assessment) -> tuple[ImmuneState, Judgement]:
        """As by RECIST 1.1."""
        line, said = RECIST.baseline(earlier, visit)
        return ImmuneState(line), said

    def visit(self, memory: ImmuneState, visit: Assessment) -> tuple[ImmuneState, Judgement]:
        """The judgement of a later visit, and what is unconfirmed after it."""
        line, said = RECIST.visit(memory.line, visit)
        state = replace(memory, line=line, outlived=_still_outlived(memory.outlived, line, visit))
        new = line.new - state.outlived.keys()
        recist = overall_category(said.target_category, said.non_target_category, bool(new))
        state, category, why = _step(state, visit, said, recist)
        return state, said._replace(
            category=category,
            target_category=_immune(said.target_category),
            non_target_category=_immune(said.non_target_category),
            trace=f"{category} by iRECIST [Table 2]: {why}; {said.trace}",
        )


IRECIST = ImmuneCriterion()


def _step(state: ImmuneState, visit: Assessment, said: Judgement, recist: str) -> tuple[ImmuneState, str, str]:
    """The line after a visit, its category and the reason for it."""
    now, before = _progression(state, visit, said), state.unconfirmed
    growth = "" if before is None else _growth(before, now, state.line)
    if recist == "NE" and not growth:
        return state, recist, "nothing to confirm or reset by"
    if recist != "PD" and not growth:
        reached = "iPR" if recist == "CR" and state.outlived else _immune(recist)
        return replace(state, unconfirmed=None, confirmed=False), str(reached), "no progression"
    if state.confirmed:
        return state, CONFIRMED, "progression was confirmed before"
    if before is None:
        return replace(state, unconfirmed=now), UNCONFIRMED, "a first progression, to be confirmed"
    if growth and (visit.day - before.day).days >= CONFIRMED_FROM_DAYS:
        return replace(state, confirmed=True), CONFIRMED, f"since {before.day.isoformat()} {growth}"
    if not growth and _responds_further(before, now, said):
        outlived = {**state.outlived, **{uid: now.sizes.get(uid) for uid in now.new}}
        state = replace(state, unconfirmed=None, outlived=outlived)
        return state, "iPR", "targets shrink beside new lesions as they were"
    return state, UNCONFIRMED, f"the progression of {before.day.isoformat()} is not confirmed"


def _progression(state: ImmuneState, visit: Assessment, said: Judgement) -> Progression:
    line = state.line
    new = line.new - state.outlived.keys()
    readings = _readings(visit, line, (*line.roles.non_targets, *new))
    return Progression(
        day=visit.day,
        total=said.total,
        by_target=said.target_category == "PD",
        by_non_target=said.non_target_category == "PD",
        told=frozenset(uid for uid, reading in readings.items() if reading.progressed),
        new=new,
        sizes={uid: reading.size for uid, reading in readings.items() if reading.size is not None},
    )


def _readings(visit: Assessment, line: LineState, uids: Iterable[str]) -> dict[str, LesionReading]:
    scene = Scene(visit.findings, line.parents, RECIST.rules.measure, line.roles.nodes)
    return {uid: scene.reading(uid) for uid in uids}


def _still_outlived(
    outlived: Mapping[str, Fraction | None], line: LineState, visit: Assessment
) -> dict[str, Fraction | None]:
    """Those that are there and have not progressed themselves, by the limits for targets or the reader's word."""
    readings = _readings(visit, line, outlived.keys() & line.new)
    still: dict[str, Fraction | None] = {}
    for uid, reading in readings.items():
        smallest, size = outlived[uid], reading.size
        if not (reading.progressed or _has_progressed(smallest, size)):
            still[uid] = min((each for each in (smallest, size) if each is not None), default=None)
    return still


def _has_progressed(smallest: Fraction | None, size: Fraction | None) -> bool:
    if smallest is None or size is None:
        return False
    return size >= smallest * RECIST_RULES.progression and size >= smallest + RECIST_RULES.more


def _growth(before: Progression, now: Progression, line: LineState) -> str:
    """What has progressed further since iUPD, in words; empty where nothing has.

    Non-target disease need not meet unequivocal progression again, where that was what iUPD came from.
    """
    if now.by_target and not before.by_target:
        return "the targets have progressed too"
    if now.by_target and None not in (now.total, before.total) and _more(now.total, before.total) >= GROWN_MM:
        return f"the sum has grown by {float(_more(now.total, before.total)):g} mm"
    told = now.by_non_target and (now.told & set(line.roles.non_targets) or not before.by_non_target)
    if told or (before.by_non_target and _grown(before, now, line.roles.non_targets)):
        return "non-target disease has progressed further"
    if now.new - before.new:
        return f"{lesions(sorted(now.new - before.new), line.labels)} has appeared"
    return "new lesions have grown" if now.told & before.new or _grown(before, now, before.new) else ""


def _more(now: Fraction | None, before: Fraction | None) -> Fraction:
    return (now or Fraction(0)) - (before or Fraction(0))


def _grown(before: Progression, now: Progression, uids: Iterable[str]) -> bool:
    """Whether lesions measured at both visits have grown by 5 mm together."""
    both = [uid for uid in uids if uid in before.sizes and uid in now.sizes]
    return sum((now.sizes[uid] - before.sizes[uid] for uid in both), Fraction(0)) >= GROWN_MM


def _responds_further(before: Progression, now: Progression, said: Judgement) -> bool:
    """Whether targets respond and have shrunk since, and only new lesions, as they were, still say progression."""
    shrunk = None not in (now.total, before.total) and _more(now.total, before.total) < 0
    return said.target_category in ("CR", "PR") and said.non_target_category != "PD" and shrunk


def _immune(category: str | None) -> str | None:
    """The category of RECIST 1.1 under its name in iRECIST."""
    if category is None or category == "NE":
        return category
    return {"PD": UNCONFIRMED, NEITHER: NEITHER_YET}.get(category, f"i{category}")
