"""Structured reports: what they say of this patient's lesions in this scan, and which numbers are sizes of them."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from pydicom import Dataset

from models.measurement import Measurement
from stream.dicom.reading import concepts
from stream.dicom.reading.codes.categories import why_no_lesion
from stream.dicom.reading.labels import Naming, safe_label, safe_site
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.reading import Reading, UnusableReport, in_words, unused
from stream.dicom.reading.reports.findings import lesion_findings, measurement_of, says_too_small, unspoken
from stream.dicom.reading.reports.groups import Number, Statement, statements
from stream.dicom.reading.reports.identities import Identities
from stream.dicom.reading.reports.other_scans import OtherScans
from stream.dicom.reading.reports.readings import ANOTHER_READING
from stream.dicom.reading.reports.results import ANOTHER, DOUBTFUL, OTHER_PEOPLE, Candidate, result, why_no_result
from stream.dicom.reading.reports.sessions import last_reading
from stream.dicom.reading.reports.values import REASON_CODES, is_stated, quantity
from stream.measured_scan import Unused
from stream.vocabulary import ReasonCode

NOT_LESIONS = "a person marked it as no lesion"
NOT_THE_PATIENT = "what is measured is not the patient"
DERIVED = "a value derived from several regions, which are stated one by one"
NO_LESION_NAMED = "no lesion is named that it is a size of"
NOT_STORED = "a concept that is not stored here"


def read_sr(dataset: Dataset, names: LesionNames) -> Reading:
    """Measurements of a report, one per lesion and measurement, in our units; none where it is about no lesion.

    Raises SetAside where nothing of what it says of lesions can be used: bad_value (negative, too large, not a number),
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
        said = self._of_lesions(statements(self._dataset))
        numbers = [one for one in said if isinstance(one, Number)]
        candidates = [one for number in numbers if (one := self._candidate(number))]
        identities = Identities(self._dataset, self._names, said)
        measurements = tuple(self._measurements(candidates, identities))
        findings = lesion_findings(said, measurements, identities, self._naming)
        groups = {one.group.place_and_name: one.group for one in said if _tells(one)}
        content = Counter(group.content for group in groups.values() if group.content)
        told = tuple(dict.fromkeys(self._unused))
        silent = unspoken(said, identities)
        reading = Reading(measurements, told, content, identities.outlines(), findings, silent)
        if numbers and not reading.speaks and (not findings or any(is_stated(one.item) for one in numbers)):
            raise self._set_aside()
        return reading

    def _of_lesions(self, every: Sequence[Statement]) -> list[Statement]:
        """What is said of lesions of this patient in this scan by the reader who counts."""
        known = [one for one in every if not self._left_out(one, self._why_not_of_lesion(one))]
        other = OtherScans(self._dataset, known)
        of_scan = [one for one in known if not self._left_out(one, other.why_other(one.group))]
        values = [one.group for one in of_scan if isinstance(one, Number) and measurement_of(one)]
        read = last_reading([*values, *(one.group for one in of_scan if one.group.says_state)])
        return [
            one for one in of_scan if not self._left_out(one, None if read.includes(one.group) else ANOTHER_READING)
        ]

    def _why_not_of_lesion(self, one: Statement) -> str | None:
        """Why a number or group speaks of no lesion of this patient, whatever it says; None where it does."""
        group = one.group
        if not group.of_patient:
            return NOT_THE_PATIENT
        if group.derived:
            return DERIVED
        if isinstance(one, Number) and measurement_of(one) in concepts.WHOLE_PATIENT:
            return None
        if not any(group.place_and_name):
            return NO_LESION_NAMED
        if group.of_population and not isinstance(one, Number):
            return OTHER_PEOPLE
        if group.no_lesion or group.target is not None:
            return NOT_LESIONS if group.no_lesion else None
        why = why_no_lesion(group.finding, group.category, group.site)
        if why or group.finding or group.category:
            return why
        return self._names.why_no_lesion(group.segments)

    def _left_out(self, one: Statement, reason: str | None) -> bool:
        """Whether there is a `reason` to leave it out, which is then kept: once for all of an organ's.

        Of a group that says nothing there is nothing to keep.
        """
        if reason and _tells(one):
            about = one.group.finding or one.group.category
            name = one.name if isinstance(one, Number) else None
            what = name if reason in (NO_LESION_NAMED, DERIVED) else about or name
            self._unused.append(unused("sr", what, reason, self._naming))
        return reason is not None

    def _candidate(self, number: Number) -> Candidate | None:
        """None, and the reason kept, where the number is not the size of a lesion or has no value."""
        measurement = concepts.MEASUREMENTS.get(number.name.key)
        if measurement is None:
            self._not_used(number, NOT_STORED)
            return None
        stated = quantity(number.item, measurement)
        if says_too_small(number):
            return None
        if reason := why_no_result(number) or stated.problem:
            self._not_used(number, reason)
            return None
        return Candidate(number, stated.value)

    def _not_used(self, number: Number, reason: str) -> None:
        self._unused.append(unused("sr", number.name, reason, self._naming))

    def _measurements(self, candidates: Sequence[Candidate], identities: Identities) -> list[Measurement]:
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


def _tells(one: Statement) -> bool:
    """Whether it is more than the name of a lesion."""
    return isinstance(one, Number) or one.group.says_state
