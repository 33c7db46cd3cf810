"""Roles of lesions as the baseline of a line fixes them: targets, non-targets, and what is known and so never new."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from models.criteria.finding import LesionFinding, LesionRole
from models.criteria.scene import LesionReading, Scene, origin


@dataclass(frozen=True)
class TargetLimits:
    """How many targets the default rule takes; `per_organ` None: as many as there are."""

    total: int
    per_organ: int | None


@dataclass(frozen=True)
class BaselineRoles:
    """Lesions by role, largest target first; `nodes`: which followed lesions are nodes; `known`: never new."""

    targets: tuple[str, ...] = ()
    non_targets: tuple[str, ...] = ()
    nodes: Mapping[str, bool] = field(default_factory=dict)
    known: frozenset[str] = frozenset()

    @property
    def followed(self) -> tuple[str, ...]:
        return self.targets + self.non_targets


@dataclass(frozen=True)
class BaselineLesion:
    """A lesion at the baseline, its fragments united: what marks, organ and size say of its role.

    `decided`: the role that a person gave it.
    """

    uid: str
    reading: LesionReading
    mark: LesionRole | None
    decided: LesionRole | None
    organ: str | None
    measurable: bool
    merged: bool

    @property
    def largest_first(self) -> tuple[Fraction, str]:
        return -(self.reading.size or Fraction(0)), self.uid


def roles_at(scene: Scene, earlier: Sequence[Scene], limits: TargetLimits) -> BaselineRoles:
    """Roles by marks, where any target is marked, else by the default rule [RECIST 1.1, 3.1, 4.1, 4.2].

    A person's word stands before both; the others are then as though that lesion were not there. A lesion that is
    there, or was not evaluated, is non-target unless it is a target; one that is gone or a normal node is not followed
    unless marked. `earlier`: visits before the baseline; what was seen there is never new.
    """
    lesions = [_lesion(scene, uid, members) for uid, members in scene.members.items()]
    targets = _targets(lesions, limits)
    taken = {lesion.uid for lesion in targets}
    non_targets = tuple(sorted(lesion.uid for lesion in lesions if lesion.uid not in taken and _is_followed(lesion)))
    followed = (*(lesion.uid for lesion in targets), *non_targets)
    within = {lesion.uid for lesion in lesions if lesion.merged}
    return BaselineRoles(
        targets=followed[: len(targets)],
        non_targets=non_targets,
        nodes={uid: scene.is_node(uid) for uid in followed},
        known=frozenset(followed) | within | _seen_in(earlier, scene),
    )


def _targets(lesions: list[BaselineLesion], limits: TargetLimits) -> list[BaselineLesion]:
    """Those that a person made targets, and those of the others that are marked, else by default; largest first."""
    decided = [lesion for lesion in lesions if lesion.decided is LesionRole.TARGET]
    others = [lesion for lesion in lesions if lesion.decided is None]
    marked = [lesion for lesion in others if lesion.mark is LesionRole.TARGET]
    return sorted(decided + (marked or _by_default(others, limits, decided)), key=lambda lesion: lesion.largest_first)


def _by_default(
    lesions: list[BaselineLesion], limits: TargetLimits, decided: list[BaselineLesion]
) -> list[BaselineLesion]:
    """The largest measurable unmarked lesions within the limits, which those decided count against.

    Organs that are not told share no limit.
    """
    chosen: list[BaselineLesion] = []
    by_organ = Counter(str(lesion.organ) for lesion in decided)
    candidates = (lesion for lesion in lesions if lesion.mark is None and lesion.measurable and lesion.reading.size)
    for lesion in sorted(candidates, key=lambda lesion: lesion.largest_first):
        full = bool(lesion.organ) and limits.per_organ is not None and by_organ[str(lesion.organ)] >= limits.per_organ
        if len(decided) + len(chosen) < limits.total and not full:
            chosen.append(lesion)
            by_organ[str(lesion.organ)] += 1
    return chosen


def _is_followed(lesion: BaselineLesion) -> bool:
    return (
        lesion.decided is not None
        or lesion.mark is not None
        or (lesion.reading.seen is not False and not lesion.merged)
    )


def _lesion(scene: Scene, uid: str, members: list[LesionFinding]) -> BaselineLesion:
    node = scene.is_node(uid)
    marks = [finding.role for finding in members if finding.role is not None]
    organs = [finding.organ for finding in members if finding.organ]
    return BaselineLesion(
        uid=uid,
        reading=scene.reading(uid),
        mark=LesionRole.TARGET if LesionRole.TARGET in marks else (marks[0] if marks else None),
        decided=next((finding.decided for finding in members if finding.decided), None),
        organ="lymph node" if node else (organs[0] if organs else None),
        measurable=any(scene.measure.measurable(finding, node) for finding in members),
        merged=all(scene.merged(finding) for finding in members),
    )


def _seen_in(earlier: Sequence[Scene], baseline: Scene) -> frozenset[str]:
    """Lesions seen before the baseline, under their own names and those of the lesions they were parts of."""
    seen = {uid for scene in earlier for uid in scene.findings if scene.reading(uid).seen}
    return frozenset(seen | {origin(uid, baseline.parents) for uid in seen})
