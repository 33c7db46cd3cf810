"""A visit in its line of therapy: what models see of it there, and the row that stands for it."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from models.criteria.finding import LesionFinding, LesionRole, LesionState, as_json
from models.criteria.visit import LineOfTherapy
from models.features import ENCODED
from stream.timeline.entries import RULES, CourseRow
from stream.timeline.open_questions import VisitPlace
from stream.timeline.seen import FollowedSum, SeenVisit, seen
from stream.timeline.visits import TimelineVisit

VISITS = "visits"
NEW = "new"
Roles = tuple[tuple[str, str], ...]
"""Lesion and role; of a lesion that has two, the last counts."""


@dataclass(frozen=True)
class PlacedVisit:
    """A visit, and all of its line that what is said of it depends on.

    `roles`: of the lesions that the line follows or that are new at the visit. `followed`: the sum that the line stands
    by here; None before a baseline that has one.
    """

    visit: TimelineVisit
    line: int
    is_baseline: bool
    begins_line: bool
    roles: Roles
    followed: FollowedSum | None

    def is_at(self, visit: TimelineVisit, place: tuple[object, ...]) -> bool:
        """Whether this is `visit` in that place: the other fields, in their order."""
        here = self.line, self.is_baseline, self.begins_line, self.roles, self.followed
        return here == place and (visit is self.visit or visit == self.visit)

    @cached_property
    def place(self) -> VisitPlace:
        """The line and the time that it is in."""
        return VisitPlace(self.line, self.visit.at)

    @cached_property
    def _seen(self) -> dict[str, SeenVisit]:
        """By feature version: weights of one version see the same, and each asks several times."""
        return {}

    def seen(self, feature_version: str) -> SeenVisit:
        """What a model sees of the visit."""
        if feature_version not in self._seen:
            self._seen[feature_version] = seen(self.visit, feature_version, self.followed, self.begins_line)
        return self._seen[feature_version]

    @cached_property
    def row(self) -> CourseRow:
        """The row that stands for it."""
        values = {
            "scan_uid": self.visit.last.id,
            "at": self.visit.at,
            "line": self.line,
            "scans": [scan.id for scan in self.visit.scans],
            "time_point": self.visit.time_point,
            **self._as_seen(),
            "lesions": self._lesions(),
            "rules": RULES,
        }
        return CourseRow(VISITS, values)

    def _as_seen(self) -> dict[str, Any]:
        """What models see of it, by the features of its last scan that hold most, or those that encode any of them."""
        features = self.visit.last.features
        every = [each for scan in self.visit.scans for each in scan.features.items()]
        known = {**features, **{name: of for name, of in every if name.startswith(ENCODED)}}
        version = max(known, key=lambda name: len(known[name].x))
        of_visit, last = self.seen(version), max(features.values(), key=lambda of: len(of.x))
        x = json.dumps(of_visit.features.x) if of_visit.features.x != last.x else None
        return {"disease": of_visit.features.disease, "x": x, "begins_line": of_visit.begins_line}

    def _lesions(self) -> str:
        """JSON of what the visit says of each lesion, with the name it is followed under."""
        said, roles = [], dict(self.roles)
        for one in self.visit.lesions:
            lesion_id = one.finding.lesion_uid
            role = roles.get(lesion_id)
            counts_as = {"role": role, "state": self._state(one.finding, role)}
            known_by = {"lesion_id": lesion_id, "lesion_uid": one.reported_as, **one.tie.likeness._asdict()}
            said.append({**as_json(one.finding), **counts_as, "perhaps": one.tie.perhaps, **known_by})
        return json.dumps(said, sort_keys=True, ensure_ascii=False)

    def _state(self, finding: LesionFinding, role: str | None) -> LesionState:
        """As the scan says; a non-target that the baseline names without a number is there."""
        named_only = finding.state is LesionState.NOT_EVALUATED and not finding.merged_into
        there = self.is_baseline and named_only and role == LesionRole.NON_TARGET
        return LesionState.PRESENT if there else finding.state


def followed_roles(line: LineOfTherapy) -> Roles:
    """Of the lesions that the line follows; what has two roles is a target first."""
    non_targets = [(uid, LesionRole.NON_TARGET.value) for uid in line.non_targets]
    return (*non_targets, *((uid, LesionRole.TARGET.value) for uid in line.targets))


def roles_at(line: LineOfTherapy, followed: Roles, scan_uid: str) -> Roles:
    """Those that the line follows (`followed_roles`), and what is new at the visit."""
    new = line.new.get(scan_uid)
    return (*((uid, NEW) for uid in sorted(new)), *followed) if new else followed
