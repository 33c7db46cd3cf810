"""What a model sees of a visit: one vector of features for all its scans, with the sum that the criterion stands by."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from models.criteria.finding import LesionFinding, LesionState
from models.features import MEASURED_NAMES, features
from models.measurement import Measurement
from stream.timeline.digest import digest
from stream.timeline.entries import ScanFeatures
from stream.timeline.visits import TimelineVisit

_SIZES = ("sum_of_diameters", "longest_diameter", "short_axis", "volume")
_ROUNDING_MM = 1e-6
_SUM = MEASURED_NAMES.index("sum_of_diameters")


class SeenLesions(NamedTuple):
    """Where the outlines of a visit are kept: `scans` and revisions, in their order, and of each lesion as it is
    followed the name in its scan; that scan too, where scans call two lesions by one name. `gone`: lesions of which
    nothing is left.
    """

    scans: tuple[tuple[str, int], ...]
    names: tuple[tuple[str, ...], ...]
    gone: tuple[str, ...]


class SeenVisit(NamedTuple):
    """`features` of the visit at time `at`; `besides`: what of it no scan of it tells alone.

    `begins_line`: a later line of therapy starts from it, and the network's history too. `lesions`: only models that
    see outlines look at them.
    """

    at: dt.datetime
    features: ScanFeatures
    besides: tuple[object, ...]
    begins_line: bool
    lesions: SeenLesions


class FollowedSum(NamedTuple):
    """The sum (mm) of the lesions that a line follows at a visit; None: not known, as one of them was not evaluated."""

    mm: float | None


def seen(visit: TimelineVisit, feature_version: str, followed: FollowedSum | None, begins_line: bool) -> SeenVisit:
    """`followed` None: nothing is followed at this visit yet, and the sum is the scan's own."""
    scans = [scan.features_for(feature_version) for scan in visit.scans]
    x = list(scans[-1].x) if len(scans) == 1 else _together(visit, [scan.x for scan in scans])
    if followed is not None and not _says(followed, x[_SUM]):
        x[_SUM] = followed.mm
    disease = next((scan.disease for scan in reversed(scans) if scan.disease != "unknown"), "unknown")
    same = tuple(x) == scans[-1].x and disease == scans[-1].disease
    of_visit = scans[-1] if same else ScanFeatures(digest(feature_version, disease, x).hex(), disease, tuple(x))
    members = [scan.id for scan in visit.scans] if len(scans) > 1 else None
    besides = tuple(each for each in (members, "line" if begins_line else None) if each)
    return SeenVisit(visit.at, of_visit, besides, begins_line, _lesions(visit))


def _lesions(visit: TimelineVisit) -> SeenLesions:
    lesions = Counter(name for _, name in {(each.finding.lesion_uid, each.reported_as) for each in visit.said})
    names = {
        (each.finding.lesion_uid, each.reported_as, *([each.scan_uid] if lesions[each.reported_as] > 1 else []))
        for each in visit.said
    }
    gone = [each.finding.lesion_uid for each in visit.lesions if each.finding.state is LesionState.GONE]
    return SeenLesions(tuple((scan.id, scan.revision) for scan in visit.scans), tuple(sorted(names)), tuple(gone))


def _says(followed: FollowedSum, mm: float | None) -> bool:
    """Whether the scans say the same already: the criterion counts exactly, they in binary floats."""
    return mm == followed.mm or (mm is not None and followed.mm is not None and abs(mm - followed.mm) < _ROUNDING_MM)


def _together(visit: TimelineVisit, scans: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Sizes from the lesions of all scans; of what is no size the last value that is known."""
    longest = max(len(MEASURED_NAMES), *(len(x) for x in scans))
    x: list[float | None] = [None] * longest
    for known in scans:
        x = [
            new if new is not None else old
            for old, new in zip(x, [*known, *[None] * (longest - len(known))], strict=True)
        ]
    sizes = features([each for finding in visit.assessment.findings for each in _values(finding)])
    for name in _SIZES:
        at = MEASURED_NAMES.index(name)
        x[at] = float(sizes[at]) if sizes[at] == sizes[at] else x[at]
    return x


def _values(finding: LesionFinding) -> list[Measurement]:
    stated = {
        "longest_diameter": finding.long_axis_mm,
        "short_axis": finding.short_axis_mm,
        "volume": finding.volume_ml,
    }
    target = None if finding.role is None else finding.role == "target"
    lesion = finding.lesion_uid, finding.label, finding.organ, target, finding.node
    return [Measurement(name, value, finding.source, *lesion) for name, value in stated.items() if value is not None]
