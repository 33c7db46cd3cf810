"""Numbers of a report that are of another scan: repeated for comparison, and told apart by what the report states.

Three things tell: the time point (TID 1502), the study of the images that were measured (the evidence sequences of
PS3.3 C.17.2), and the time at which a value was observed (0040,A032).
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime, timedelta

from pydicom import Dataset

from stream.dicom.reading.header import text
from stream.dicom.reading.reports.groups import Group, Number, Statement
from stream.dicom.reading.reports.time_points import of_this_scan, untold

OTHER_TIME = "a value of another time point"
OTHER_STUDY = "measured in images of another study"
EARLIER = "observed before the day of the study"

_EVIDENCE = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
_ZONES = timedelta(days=1)  # dates of different zones differ by one


class OtherScans:
    """Tells of the groups of one report which are of another scan; one that says nothing tells nothing."""

    def __init__(self, report: Dataset, said: Iterable[Statement]) -> None:
        telling = [one for one in said if isinstance(one, Number) or one.group.says_state]
        every = [one.group for one in telling]
        measured = [one.group for one in telling if isinstance(one, Number)]
        self._time_point = _time_point(every, measured, _names(report))
        self._study, self._studies = text(report, "StudyInstanceUID"), dict(_studies(report))
        self._own_images = any(self._study in self._studies_of(group) for group in every)
        self._day = _day(text(report, "StudyDate"))

    def why_other(self, group: Group) -> str | None:
        """Why a group is of another scan; None where it is of this one."""
        if group.time_point.key not in ("", self._time_point):
            return OTHER_TIME
        studies = self._studies_of(group)
        if self._own_images and studies and self._study not in studies:
            return OTHER_STUDY
        observed = _day(group.observed_on)
        return EARLIER if self._day and observed and observed < self._day - _ZONES else None

    def _studies_of(self, group: Group) -> set[str]:
        return {self._studies[image] for image in group.images if image in self._studies}


def _time_point(groups: Sequence[Group], measured: Sequence[Group], names: Set[str]) -> str:
    """The key of this scan's; a group without one is of this scan, unless the lesion then is `measured` twice."""
    named = [group for group in groups if group.time_point.key]
    unnamed = {_lesion(group) for group in groups if not group.time_point.key}
    if unnamed and all(group.time_point.earlier for group in named):
        return ""
    key = of_this_scan([group.time_point for group in named], names)
    twice = [{_lesion(group) for group in measured if group.time_point.key == one} for one in ("", key)]
    if key and twice[0] & twice[1]:
        raise untold()
    return key


def _names(report: Dataset) -> frozenset[str]:
    """What the file calls the time point of its scan."""
    return frozenset({text(report, "ClinicalTrialTimePointID"), text(report, "StudyDate")} - {""})


def _lesion(group: Group) -> str:
    return group.tracking_uid or group.identifier or group.place


def _studies(report: Dataset) -> Iterator[tuple[str, str]]:
    """The study of each instance that the report names as evidence."""
    for study in (study for name in _EVIDENCE for study in report.get(name) or []):
        for series in study.get("ReferencedSeriesSequence") or []:
            for instance in series.get("ReferencedSOPSequence") or []:
                yield text(instance, "ReferencedSOPInstanceUID"), text(study, "StudyInstanceUID")


def _day(written: str) -> datetime | None:
    try:
        return datetime.strptime(written[:8], "%Y%m%d")
    except ValueError:
        return None
