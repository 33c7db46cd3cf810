"""The reference course: visits, verdicts and open questions of a patient, told plainly from all that was accepted.

Written apart from the worker's code and sharing none of it: only `models` is common.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from models.criteria.course import criteria_of, lines_of_therapy
from models.criteria.finding import LesionFinding
from models.criteria.place import Registration
from models.criteria.visit import Assessment, LineOfTherapy, TreatmentStart
from stream.services.verify.reference_lesions import ReferenceLesions, Word

RECIST = "RECIST 1.1"
MOST_DAYS = 28
RANKS = ("model", "SEG", "import", "SR")


@dataclass(frozen=True)
class SaidOfLesions:
    """What a revision says of lesions, on which day of its zone, and of which time point of a trial."""

    day: dt.date
    lesions: tuple[LesionFinding, ...] = ()
    sum_mm: float | None = None
    time_point: str | None = None
    registrations: tuple[Registration, ...] = ()


@dataclass(frozen=True)
class ScanOfVisit:
    """A standing scan in the order of the timeline."""

    scan_uid: str
    revision: int
    at: dt.datetime
    said: SaidOfLesions


@dataclass
class ReferenceCourse:
    """Visits as lists of scans; lines by criterion; status, since and deciding scan by line and endpoint."""

    visits: list[list[ScanOfVisit]] = field(default_factory=list)
    lines: dict[str, tuple[LineOfTherapy, ...]] = field(default_factory=dict)
    statuses: dict[tuple[int, str], tuple[str, dt.datetime | None, str | None]] = field(default_factory=dict)

    def line_of(self, scan_uid: str) -> int:
        """The highest line that the visit is of: it is the baseline of that, if it is of several."""
        numbers = [line.number for line in self.lines[RECIST] if scan_uid in line.visits]
        return max(numbers, default=1)

    def is_open(self, scan_uid: str, endpoint: str) -> bool:
        """Whether the endpoint can still be observed in the line of a visit."""
        return self.statuses.get((self.line_of(scan_uid), endpoint), ("open",))[0] == "open"

    def was_open(self, scan_uid: str, endpoint: str) -> bool:
        """Whether it could be observed until something closed it that did not lie before the visit, nor with it."""
        line = self.line_of(scan_uid)
        status, since, _ = self.statuses.get((line, endpoint), ("open", None, None))
        sums = [one.verdicts[0].sum_of_diameters for one in self.lines[RECIST] if one.number == line and one.verdicts]
        if endpoint in ("progression", "objective_response") and sums in ([], [None]):
            return False
        (visit,) = (scans for scans in self.visits if scans[-1].scan_uid == scan_uid)
        return status in ("occurred", "known", "closed") and not (since and since <= visit[0].at)


def reference_course(
    scans: Sequence[ScanOfVisit],
    starts: Sequence[TreatmentStart],
    outcomes: Iterable[tuple[str, dt.datetime | None, bool]],
    disease: str,
    endpoints: Iterable[str],
    window_days: int,
    clinical: Mapping[str, Any],
    words: Sequence[Word] = (),
) -> ReferenceCourse:
    """The course of one patient; `scans` in the order of the timeline, `outcomes` as (endpoint, when, happened)."""
    course = ReferenceCourse(with_lesions(group(scans, window_days), words))
    said = [assessment(scans) for scans in course.visits]
    criteria = criteria_of(clinical.get("criterion"), disease, said)
    course.lines = {criterion: lines_of_therapy(said, starts, criterion) for criterion in criteria}
    lines, entered = course.lines[RECIST], list(outcomes)
    ends = [*(line.start_day for line in lines[1:]), None]
    for line, end in zip(lines, ends, strict=True) if scans else ():
        for endpoint in {"progression", *endpoints}:
            course.statuses[line.number, endpoint] = status(line, end, endpoint, entered, disease)
    return course


def group(scans: Sequence[ScanOfVisit], window_days: int) -> list[list[ScanOfVisit]]:
    """A scan goes on with the visit before it by its day, or while a scan of the same time point is still to come."""
    visits: list[list[ScanOfVisit]] = []
    for number, scan in enumerate(scans):
        if visits:
            first = visits[-1][0].said.day
            points = {one.said.time_point for one in visits[-1]} - {None}
            still = any(
                one.said.time_point in points and (one.said.day - first).days <= MOST_DAYS for one in scans[number:]
            )
            same_day = scan.said.day == visits[-1][-1].said.day
            if still or same_day or (scan.said.day - first).days <= window_days:
                visits[-1].append(scan)
                continue
        visits.append([scan])
    return visits


def with_lesions(visits: Sequence[Sequence[ScanOfVisit]], words: Sequence[Word]) -> list[list[ScanOfVisit]]:
    """The visits with lesions under the names that they are followed by."""
    lesions = ReferenceLesions(words)
    followed: list[list[ScanOfVisit]] = []
    for number, scans in enumerate(visits, start=1):
        lesions.register([one for scan in scans for one in scan.said.registrations])
        said = [replace(each.said, lesions=lesions.scan(each.said.lesions, each.said.day, number)) for each in scans]
        followed.append([replace(scan, said=of) for scan, of in zip(scans, said, strict=True)])
    return followed


def assessment(scans: Sequence[ScanOfVisit]) -> Assessment:
    """Of each lesion what was said best: evaluated before not, SR before import before SEG, late before early."""
    lesions: dict[str, list[tuple[Any, LesionFinding]]] = {}
    for number, scan in enumerate(scans):
        for one in scan.said.lesions:
            how_good = (one.state != "not_evaluated", RANKS.index(one.source), number)
            lesions.setdefault(one.lesion_uid, []).append((how_good, one))
    best = []
    for lesion_uid in sorted(lesions):
        said = [one for _, one in sorted(lesions[lesion_uid], key=lambda pair: pair[0])]
        role = next((one.role for one in reversed(said) if one.role), None)
        best.append(replace(said[-1], role=role))
    sums = [scan.said.sum_mm for scan in scans if scan.said.sum_mm is not None]
    first, last = scans[0], scans[-1]
    return Assessment(last.scan_uid, first.at, first.said.day, tuple(best), sums[-1] if sums else None)


def status(
    line: LineOfTherapy,
    ends: dt.date | None,
    endpoint: str,
    outcomes: Sequence[tuple[str, dt.datetime | None, bool]],
    disease: str,
) -> tuple[str, dt.datetime | None, str | None]:
    """Status, since when, and the scan that decided it; `ends`: the day on which the next line starts, if any does."""
    happens = {"progression": ["PD"], "objective_response": ["CR", "PR"]}.get(endpoint, [])
    for verdict in line.verdicts:
        if verdict.category in happens:
            return "occurred", verdict.at, verdict.scan_uid
    for name, at, event in outcomes:
        if name == endpoint and (event or endpoint == "pcr") and is_of(line, ends, at if happens else None):
            return "known", at, None
    if ends is not None:
        return "closed", None, None
    for name, at, event in outcomes:
        if name == "death" and event:
            return "closed", at, None
    if happens and line.baseline is None:
        return "no_baseline", None, None
    if disease == "unknown":
        return "disease_unknown", None, None
    if happens and (not line.verdicts or line.verdicts[0].sum_of_diameters is None):
        assert line.baseline is not None
        return "not_measurable", line.baseline.at, line.baseline.scan_uid
    return "open", line.baseline.at if line.baseline else None, None


def is_of(line: LineOfTherapy, ends: dt.date | None, at: dt.datetime | None) -> bool:
    """Whether something is of a line: of no day of the last; else not a whole day before its baseline, or after it."""
    if at is None:
        return ends is None
    early = line.baseline is not None and line.baseline.at - at >= dt.timedelta(days=1)
    return not early and (ends is None or at.date() <= ends)
