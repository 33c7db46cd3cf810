"""What a visit holds for a line: its sum, what is there of targets and non-targets, what is new."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from models.criteria.criterion import SumAt
from models.criteria.exact import exact
from models.criteria.finding import LesionFinding, LesionRole, NamedBy
from models.criteria.measures import SizeMeasure
from models.criteria.roles import BaselineRoles, TargetLimits, roles_at
from models.criteria.scene import LesionReading, Parents, Scene, origin
from models.criteria.visit import Assessment


@dataclass(frozen=True)
class LineState:
    """What a line remembers from visit to visit: identities, references and verdicts, never the size of a lesion.

    `by_sum`: the baseline is a sum stated without lesions. `completed`: there was an overall complete response;
    `again`: the roles of lesions that came back after it.
    """

    roles: BaselineRoles
    parents: Parents
    labels: Mapping[str, str]
    baseline: SumAt | None = None
    nadir: SumAt | None = None
    by_sum: bool = False
    new: frozenset[str] = frozenset()
    completed: bool = False
    again: frozenset[LesionRole] = frozenset()


class VisitEvidence(NamedTuple):
    """A visit as a line reads it; `total`: the complete sum, `evaluated`: that of the targets that were evaluated.

    `normal`: every target is gone or a normal node. `there`: the roles of which a lesion is seen. `stated`: the sum
    that the report states beside its lesions.
    """

    total: Fraction | None
    evaluated: Fraction = Fraction(0)
    normal: bool = False
    there: frozenset[LesionRole] = frozenset()
    targets: Mapping[str, LesionReading] = MappingProxyType({})
    non_targets: Mapping[str, LesionReading] = MappingProxyType({})
    new: frozenset[str] = frozenset()
    stated: Fraction | None = None


def evidence_at(visit: Assessment, state: LineState, measure: SizeMeasure, limits: TargetLimits) -> VisitEvidence:
    """What a visit says of the lesions of a line, or by its stated sum where it names no lesions."""
    scene = Scene(visit.findings, state.parents, measure, state.roles.nodes)
    if state.by_sum:
        return _by_sum(scene, visit, limits)
    if not visit.findings:
        return _by_stated_sum(visit, state)
    targets = {uid: scene.reading(uid) for uid in state.roles.targets}
    non_targets = {uid: scene.reading(uid) for uid in state.roles.non_targets}
    by_role = {LesionRole.TARGET: targets, LesionRole.NON_TARGET: non_targets}
    total, evaluated = added(targets.values())
    return VisitEvidence(
        total=total,
        evaluated=evaluated,
        normal=all(reading.seen is False for reading in targets.values()),
        there=frozenset(role for role, lesions in by_role.items() if any(reading.seen for reading in lesions.values())),
        targets=targets,
        non_targets=non_targets,
        new=_new(scene, state),
        stated=stated_sum(visit),
    )


def stated_sum(visit: Assessment) -> Fraction | None:
    """The sum that the visit states, in mm."""
    return None if visit.stated_sum_mm is None else exact(visit.stated_sum_mm)


def added(readings: Iterable[LesionReading]) -> tuple[Fraction | None, Fraction]:
    """The complete sum (None without targets, or with one not evaluated) and that of those evaluated."""
    sizes = [reading.size for reading in readings]
    evaluated = sum((size for size in sizes if size is not None), Fraction(0))
    return None if not sizes or None in sizes else evaluated, evaluated


def _by_stated_sum(visit: Assessment, state: LineState) -> VisitEvidence:
    """A sum alone, after a baseline with lesions: normal nodes may be in it, so only 0 says that all is gone."""
    total = stated_sum(visit) if state.roles.targets else None
    surely = total is not None and total > 0 and not any(state.roles.nodes[uid] for uid in state.roles.targets)
    return VisitEvidence(
        total=total,
        evaluated=total or Fraction(0),
        normal=total == 0,
        there=frozenset({LesionRole.TARGET} if surely else ()),
        non_targets={uid: LesionReading() for uid in state.roles.non_targets},
        new=state.new,
    )


def _by_sum(scene: Scene, visit: Assessment, limits: TargetLimits) -> VisitEvidence:
    """After a baseline that is a sum alone: the sum of what would be targets now, as if it were one lesion (c)."""
    total, stated = stated_sum(visit), stated_sum(visit)
    if visit.findings:
        targets = roles_at(scene, (), limits).targets
        own = added(scene.reading(uid) for uid in targets)[0]
        gone = all(scene.reading(uid).seen is False for uid in scene.members)
        total = Fraction(0) if not targets and gone else (total if own is None else own)
    return VisitEvidence(
        total=total,
        evaluated=total or Fraction(0),
        normal=total == 0,
        there=frozenset({LesionRole.TARGET} if total else ()),
        stated=stated if visit.findings else None,
    )


def _new(scene: Scene, state: LineState) -> frozenset[str]:
    """The new lesions there: seen now or before and not said to be gone; fragments count as what they were part of."""
    new = {origin(uid, state.parents) for uid in state.new}
    for uid, members in scene.members.items():
        seen = scene.reading(uid).seen
        if seen and not all(scene.merged(finding) or _is_equivocal(finding) for finding in members):
            new.add(uid)
        elif seen is False:
            new.discard(uid)
    return frozenset(new - state.roles.known)


def _is_equivocal(finding: LesionFinding) -> bool:
    """Whether a model alone outlined it, under a name that ties it to nothing before: nobody says that it is new.

    A new lesion has to be unequivocal [RECIST 1.1, 4.3.5]; a person can link it, or say that it is a target.
    """
    return finding.source == "model" and finding.named_by is NamedBy.OBJECT and finding.decided is None
