"""Measurements in structured reports: of its numbers those that are sizes of this patient's lesions in this scan."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from pydicom import Dataset

from models.measurement import Measurement
from stream.dicom.reading import concepts
from stream.dicom.reading.codes.categories import why_no_lesion
from stream.dicom.reading.labels import Naming, safe_label, safe_site
from stream.dicom.reading.lesions import LesionNames, Outline, unambiguous
from stream.dicom.reading.reading import Reading, UnusableReport, in_words, unused
from stream.dicom.reading.reports.groups import Group, Number, numbers
from stream.dicom.reading.reports.other_scans import OtherScans
from stream.dicom.reading.reports.readings import ANOTHER_READING
from stream.dicom.reading.reports.results import ANOTHER, DOUBTFUL, Candidate, result, why_no_result
from stream.dicom.reading.reports.sessions import last_reading
from stream.dicom.reading.reports.values import REASON_CODES, quantity
from stream.measured_scan import Unused
from stream.vocabulary import ReasonCode

NOT_LESIONS = "a person marked it as no lesion"
NOT_THE_PATIENT = "what is measured is not the patient"
DERIVED = "a value derived from several regions, which are stated one by one"
NO_LESION_NAMED = "no lesion is named that it is a size of"
NOT_STORED = "a concept that is not stored here"


def read_sr(dataset: Dataset, names: LesionNames) -> Reading:
    """Measurements of a report, one per lesion and measurement, in our units; none where it is about no lesion.

    Raises SetAside where nothing of what it says of lesions can be used: bad_value (negative, infinite, not a number),
    unknown_unit, not_measurable (no concept known here, or values of several dates that nothing tells apart).
    """
    return _ReportReader(dataset, names).reading()


class _ReportReader:
    """One report on its way to measurements; what is left out on the way is kept with its reason."""

    def __init__(self, dataset: Dataset, names: LesionNames) -> None:
        self._dataset = dataset
        self._names = names
        self._naming = Naming.of(dataset)
        self._unused: list[Unused] = []

    def reading(self) -> Reading:
        """What the report gives; raises what read_sr raises."""
        of_lesions = self._of_lesions(numbers(self._dataset))
        candidates = [one for number in of_lesions if (one := self._candidate(number))]
        groups = list({_place(number.group): number.group for number in of_lesions}.values())
        identities = _Identities(self._dataset, self._names, groups)
        measurements = self._measurements(candidates, identities)
        if of_lesions and not measurements:
            raise self._set_aside()
        content = Counter(group.content for group in groups if group.content)
        return Reading(tuple(measurements), tuple(dict.fromkeys(self._unused)), content, identities.outlines())

    def _of_lesions(self, every: Sequence[Number]) -> list[Number]:
        """Numbers of lesions of this patient in this scan by the reader who counts."""
        known = [number for number in every if not self._left_out(number, self._why_not_of_lesion(number))]
        other = OtherScans(self._dataset, [number.group for number in known])
        of_scan = [number for number in known if not self._left_out(number, other.why_other(number.group))]
        read = last_reading(number.group for number in of_scan if number.name.key in concepts.MEASUREMENTS)
        return [
            number
            for number in of_scan
            if not self._left_out(number, None if read.includes(number.group) else ANOTHER_READING)
        ]

    def _why_not_of_lesion(self, number: Number) -> str | None:
        """Why a number speaks of no lesion of this patient, whatever it measures; None where it does."""
        group = number.group
        if not group.of_patient:
            return NOT_THE_PATIENT
        if group.derived:
            return DERIVED
        if concepts.MEASUREMENTS.get(number.name.key) in concepts.WHOLE_PATIENT:
            return None
        if not any(_place(group)):
            return NO_LESION_NAMED
        if group.no_lesion or group.target is not None:
            return NOT_LESIONS if group.no_lesion else None
        why = why_no_lesion(group.finding, group.category, group.site)
        if why or group.finding or group.category:
            return why
        return self._names.why_no_lesion(group.segments)

    def _left_out(self, number: Number, reason: str | None) -> bool:
        """Whether there is a `reason` to leave a number out, which is then kept: once for all of an organ's."""
        if reason:
            about = number.group.finding or number.group.category
            what = number.name if reason in (NO_LESION_NAMED, DERIVED) else about or number.name
            self._unused.append(unused("sr", what, reason, self._naming))
        return reason is not None

    def _candidate(self, number: Number) -> Candidate | None:
        """None, and the reason kept, where the number is not the size of a lesion or has no value."""
        measurement = concepts.MEASUREMENTS.get(number.name.key)
        if measurement is None:
            self._not_used(number, NOT_STORED)
            return None
        stated = quantity(number.item, measurement)
        if reason := why_no_result(number) or stated.problem:
            self._not_used(number, reason)
            return None
        return Candidate(number, stated.value)

    def _not_used(self, number: Number, reason: str) -> None:
        self._unused.append(unused("sr", number.name, reason, self._naming))

    def _measurements(self, candidates: Sequence[Candidate], identities: "_Identities") -> list[Measurement]:
        by_lesion: dict[tuple[str | None, str], list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            measurement = concepts.MEASUREMENTS[candidate.number.name.key]
            whole = measurement in concepts.WHOLE_PATIENT
            lesion_uid = None if whole else identities.lesion_uid(candidate.number.group)
            by_lesion[lesion_uid, measurement].append(candidate)
        found = []
        for (lesion_uid, measurement), equals in by_lesion.items():
            best = result(equals, measurement)
            for candidate in equals:
                if candidate is not best:
                    self._not_used(candidate.number, ANOTHER if best else DOUBTFUL)
            if best:
                found.append(self._measurement(best, measurement, lesion_uid))
        return found

    def _measurement(self, candidate: Candidate, measurement: str, lesion_uid: str | None) -> Measurement:
        group = candidate.number.group
        site = safe_site(concepts.site_word(group.site), self._naming)
        if lesion_uid is None:
            return Measurement(measurement, candidate.value, "SR", body_site=site)
        label = safe_label(group.identifier, lesion_uid, self._naming)
        return Measurement(measurement, candidate.value, "SR", lesion_uid, label, site, group.target, group.node)

    def _set_aside(self) -> UnusableReport:
        """Names what was not understood, by codes: words may name somebody."""
        codes = [REASON_CODES[row.reason] for row in self._unused if row.reason in REASON_CODES]
        code = codes[0] if codes else ReasonCode.NOT_MEASURABLE
        why = f"The report holds no value that can be used. Not used: {in_words(self._unused)}."
        return UnusableReport(code, why, tuple(dict.fromkeys(self._unused)))


def _place(group: Group) -> tuple[str, str, str]:
    """What makes it one group and no other; all empty where a number stands in none."""
    return group.place, group.tracking_uid, group.identifier


class _Identities:
    """Which lesion each of a report's groups is about."""

    def __init__(self, dataset: Dataset, names: LesionNames, groups: Iterable[Group]) -> None:
        self._sop_uid = str(dataset.get("SOPInstanceUID") or "")
        self._names = names
        self._groups = list(groups)
        self._alone = unambiguous(group.identifier for group in self._groups if not group.tracking_uid)

    def lesion_uid(self, group: Group) -> str:
        """By tracking UID, else by the segment's, else by a label that is the only one, else by content."""
        if group.tracking_uid:
            return self._names.tracking(group.tracking_uid)
        outline = self._outline(group)
        if outline and self._names.is_tracked(outline):
            return self._names.outlined(outline)
        if group.identifier in self._alone:
            return self._names.labelled(group.identifier)
        return self._names.outlined(outline) if outline else self._by_content(group)

    def outlines(self) -> dict[Outline, str]:
        """The segments that groups were measured in, with their lesions."""
        pairs = [(self._outline(group), group) for group in self._groups]
        return {outline: self.lesion_uid(group) for outline, group in pairs if outline}

    def _outline(self, group: Group) -> Outline | None:
        """The one segment of a lesion that the group refers to; several are no lesion."""
        referred = {outline for one in group.segments for outline in self._names.outlines_of(one)}
        return referred.pop() if len(referred) == 1 else None

    def _by_content(self, group: Group) -> str:
        same = [_place(one) for one in self._groups if one.content == group.content]
        return self._names.labelled(f"{same.index(_place(group))} of {group.content} in {self._sop_uid}")
