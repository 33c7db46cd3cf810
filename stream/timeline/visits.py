"""Which scans of a timeline are one visit, and what they say of lesions together (docs/protocol.md 1)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from models.criteria.finding import LesionFinding, LesionState
from models.criteria.visit import Assessment
from models.features import SOURCES
from stream.timeline.entries import ScanEntry

LONGEST_VISIT = dt.timedelta(days=28)
"""A Clinical Trial Time Point ID joins scans no further apart: some archives write the same one into every file."""


@dataclass(frozen=True)
class TimelineVisit:
    """The scans of one assessment, in their order: rows of the visit stand under the last, its time is the first's."""

    scans: tuple[ScanEntry, ...]

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
    def assessment(self) -> Assessment:
        """What it says of lesions: a lesion of several scans is as the best source says, of equal ones the last."""
        said = [finding for scan in self.scans for finding in scan.findings.lesions]
        sums = [scan.findings.stated_sum_mm for scan in self.scans if scan.findings.stated_sum_mm is not None]
        return Assessment(self.last.id, self.at, self.scans[0].day, united(said), sums[-1] if sums else None)


def visits(scans: Sequence[ScanEntry], window_days: int) -> tuple[TimelineVisit, ...]:
    """`scans` in the order of the timeline as visits: of one day, one time point, or within the window of the first.

    What lies between two scans of a visit belongs to it too, and all of the day of its last: visits never overlap.
    """
    grouped: list[list[ScanEntry]] = []
    reach = -1
    for position, scan in enumerate(scans):
        if not grouped or not (position <= reach or _near(scan, grouped[-1], window_days)):
            grouped.append([])
        grouped[-1].append(scan)
        reach = max(reach, _last_of_time_point(scans, position, grouped[-1][0]))
    return tuple(TimelineVisit(tuple(group)) for group in grouped)


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


def united(findings: Iterable[LesionFinding]) -> tuple[LesionFinding, ...]:
    """One finding per lesion, sorted by lesion_uid; `findings` come in the order of their scans."""
    said: dict[str, list[LesionFinding]] = {}
    for finding in findings:
        said.setdefault(finding.lesion_uid, []).append(finding)
    return tuple(_best(said[lesion_uid]) for lesion_uid in sorted(said))


def _best(of_lesion: Sequence[LesionFinding]) -> LesionFinding:
    """The best one, with the role of the best one that states one; of equal ones the last."""
    *_, best = ranked = sorted(of_lesion, key=_rank)
    return replace(best, role=next((each.role for each in reversed(ranked) if each.role), None))


def _rank(finding: LesionFinding) -> tuple[bool, int]:
    return finding.state is not LesionState.NOT_EVALUATED, -SOURCES.index(finding.source)
