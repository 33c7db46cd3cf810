"""Which scans of a timeline are one visit, and what they say of lesions together (docs/protocol.md 1)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from models.criteria.finding import LesionState
from models.criteria.visit import Assessment
from models.criteria.walk import Walk, walk
from models.features import SOURCES
from stream.timeline.entries import ScanEntry
from stream.timeline.followed import FollowedLesion, LesionsSoFar
from stream.timeline.lesion_links import LesionLinks

LONGEST_VISIT = dt.timedelta(days=28)
"""A Clinical Trial Time Point ID joins scans no further apart: some archives write the same one into every file."""


@dataclass(frozen=True)
class TimelineVisit:
    """The scans of one assessment, in their order: rows of the visit stand under the last, its time is the first's.

    `said`: what they say of lesions, each under the name it is followed by.
    """

    scans: tuple[ScanEntry, ...]
    said: tuple[FollowedLesion, ...]

    @property
    def at(self) -> dt.datetime:
        """When its first scan was acquired."""
        return self.scans[0].at

    @property
    def last(self) -> ScanEntry:
        """The scan that its rows stand under."""
        return self.scans[-1]

    @property
    def time_point(self) -> str | None:
        """The Clinical Trial Time Point ID that its scans state; None where they state none, or several."""
        stated = {scan.findings.time_point for scan in self.scans if scan.findings.time_point}
        return stated.pop() if len(stated) == 1 else None

    @cached_property
    def lesions(self) -> tuple[FollowedLesion, ...]:
        """One for each lesion, sorted: of several scans as the best source says, of equal ones the last."""
        return united(self.said)

    @cached_property
    def assessment(self) -> Assessment:
        """What it says of lesions, for criteria to judge."""
        sums = [scan.findings.stated_sum_mm for scan in self.scans if scan.findings.stated_sum_mm is not None]
        findings = tuple(each.finding for each in self.lesions)
        return Assessment(self.last.id, self.at, self.scans[0].day, findings, sums[-1] if sums else None)


ScansOfVisit = tuple[ScanEntry, ...]
Visits = Walk[LesionsSoFar, ScansOfVisit, LesionsSoFar, TimelineVisit]


def visits(scans: tuple[ScanEntry, ...], window_days: int, links: LesionLinks, before: Visits | None = None) -> Visits:
    """`scans` in the order of the timeline as visits, with the lesions that they speak of; `links`: said by people.

    `before`: visits told earlier within the same window; those that begin as they did are taken from there.
    """
    told = before.items if before else ()
    return walk(LesionsSoFar(links), _grouped(scans, window_days, told), _visit, before)


def _visit(so_far: LesionsSoFar, scans: tuple[ScanEntry, ...]) -> tuple[LesionsSoFar, TimelineVisit]:
    after, said = so_far.visit(scans)
    return after, TimelineVisit(scans, tuple(one for of_scan in said.values() for one in of_scan))


def _grouped(
    scans: tuple[ScanEntry, ...], window_days: int, before: tuple[ScansOfVisit, ...]
) -> tuple[ScansOfVisit, ...]:
    """`scans` in the order of the timeline as visits: of one day, one time point, or within the window of the first.

    What lies between two scans of a visit belongs to it too, and all of the day of its last: visits never overlap.
    """
    kept = before[:-1] if _only_come_after(scans, before) else ()
    grouped: list[list[ScanEntry]] = []
    reach = -1
    for position in range(sum(map(len, kept)), len(scans)):
        scan = scans[position]
        if not grouped or not (position <= reach or _near(scan, grouped[-1], window_days)):
            grouped.append([])
        grouped[-1].append(scan)
        reach = max(reach, _last_of_time_point(scans, position, grouped[-1][0]))
    return *kept, *map(tuple, grouped)


def _only_come_after(scans: tuple[ScanEntry, ...], before: tuple[ScansOfVisit, ...]) -> bool:
    """Whether `scans` are those of the visits `before` and others after them, which at most the last visit takes in."""
    told = tuple(chain.from_iterable(before))
    return told == scans[: len(told)] and all(scan.findings.time_point is None for scan in scans[len(told) :])


def _near(scan: ScanEntry, visit: Sequence[ScanEntry], window_days: int) -> bool:
    """Whether it follows within the window of the first scan of `visit`, or on the day of the last."""
    return (scan.day - visit[0].day).days <= window_days or scan.day == visit[-1].day


def _last_of_time_point(scans: Sequence[ScanEntry], position: int, first: ScanEntry) -> int:
    """Where the last scan stands that states the time point of the one at `position`, near the visit's `first`."""
    stated = scans[position].findings.time_point
    if stated is None:
        return position
    later = range(position + 1, len(scans))
    near = (each for each in later if scans[each].day - first.day <= LONGEST_VISIT)
    return max((each for each in near if scans[each].findings.time_point == stated), default=position)


def united(every: Iterable[FollowedLesion]) -> tuple[FollowedLesion, ...]:
    """One per lesion, sorted by lesion_uid; they come in the order of their scans."""
    said: dict[str, list[FollowedLesion]] = {}
    for one in every:
        said.setdefault(one.finding.lesion_uid, []).append(one)
    return tuple(_best(said[lesion_uid]) for lesion_uid in sorted(said))


def _best(of_lesion: Sequence[FollowedLesion]) -> FollowedLesion:
    """The best one, with the role of the best one that states one; of equal ones the last."""
    *_, best = ranked = sorted(of_lesion, key=_rank)
    role = next((each.finding.role for each in reversed(ranked) if each.finding.role), None)
    return best if role is best.finding.role else best._replace(finding=replace(best.finding, role=role))


def _rank(one: FollowedLesion) -> tuple[bool, int]:
    finding = one.finding
    return finding.state is not LesionState.NOT_EVALUATED, -SOURCES.index(finding.source)
