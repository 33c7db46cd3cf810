"""What a time point is called: in a report that repeats numbers of earlier dates (TID 1502), and by a trial."""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace

from pydicom import Dataset

from stream.dicom.reading.codes.standard_codes import Key
from stream.dicom.reading.concepts import Concept
from stream.dicom.reading.header import text
from stream.dicom.reading.labels import MAX_LABEL, Naming
from stream.errors import SetAside
from stream.vocabulary import ReasonCode

NAMES: dict[Key, str] = {
    ("126070", "DCM"): "subject_id",
    ("126071", "DCM"): "protocol_id",
    ("C2348792", "UMLS"): "label",
    ("126072", "DCM"): "kind",
    ("126073", "DCM"): "order",
    ("128740", "DCM"): "offset",
}
"""Content items that tell a time point, with the field of TimePoint that holds what they state."""

_EARLIER = {
    "C1442488",
    "C3539075",
    "C1708760",
    "262068006",
    "126075",
}  # baseline, pretreatment, nadir, pre-operative, …
_EARLIER_WORDS = {"baseline", "bl", "prior", "previous", "screening", "eligibility", "pretreatment", "nadir"}
_NUMBERED = re.compile(r"(.*?)(\d+)\D*")


@dataclass(frozen=True)
class TimePoint:
    """What a group says of when its numbers are from, as it was written; empty where it does not say."""

    subject_id: str = ""
    protocol_id: str = ""
    label: str = ""
    kind: str = ""
    order: str = ""
    offset: str = ""

    def stating(self, name: Key, words: str, code: Concept | None) -> "TimePoint":
        """This time point with what one content item adds."""
        return replace(self, **{NAMES[name]: words or (code.value if code else "")})

    @property
    def key(self) -> str:
        """What makes it one time point and no other."""
        return self.subject_id or self.protocol_id or self.label or self.order or self.offset or self.kind

    @property
    def names(self) -> frozenset[str]:
        """What it is called, dates also without their punctuation."""
        stated = {self.subject_id, self.protocol_id, self.label} - {""}
        return frozenset(stated | {re.sub(r"[-./]", "", name) for name in stated})

    @property
    def earlier(self) -> bool:
        """Whether it is by its name a time point that others are compared with."""
        return self.kind in _EARLIER or any(name.casefold() in _EARLIER_WORDS for name in self.names)


def of_this_scan(time_points: Iterable[TimePoint], names: Set[str]) -> str:
    """The key of the one that is this scan's; `names` are what the file itself calls it, its day among them.

    The order is that of what is surest. Raises SetAside(not_measurable) where nothing tells.
    """
    distinct = list({point.key: point for point in time_points}.values())
    if len(distinct) <= 1:
        return distinct[0].key if distinct else ""
    named = [point for point in distinct if point.names & names]
    if len(named) == 1:
        return named[0].key
    if latest := _latest(distinct):
        return latest.key
    candidates = [point for point in distinct if not point.earlier]
    if len(candidates) > 1:
        latest = _latest(candidates)
        candidates = [latest] if latest else candidates
    if len(candidates) != 1:
        raise untold()
    return candidates[0].key


def trial_time_point(headers: Iterable[Dataset]) -> str | None:
    """What a trial calls the visit of a scan (0012,0050): what all files say that say anything.

    None where they differ, or where it could name the patient.
    """
    stated = {value: header for header in headers if (value := text(header, "ClinicalTrialTimePointID").strip())}
    if len(stated) != 1:
        return None
    ((value, header),) = stated.items()
    return None if Naming.of(header).appears_in(value) else value[:MAX_LABEL]


def untold() -> SetAside:
    """Why nothing is taken from a report that could be of either of two dates."""
    why = "The report states values of several time points and does not tell which of them is this scan's."
    return SetAside(ReasonCode.NOT_MEASURABLE, why)


def _latest(points: Sequence[TimePoint]) -> TimePoint | None:
    """The last of `points` by number, where all have numbers of one kind that differ."""
    for field in ("order", "offset", "label", "subject_id", "protocol_id"):
        numbers = [_number(getattr(point, field)) for point in points]
        known = {number for number in numbers if number}
        if len(known) == len(points) and len({prefix for prefix, _ in known}) == 1:
            return max(zip(numbers, points, strict=True), key=lambda each: each[0] or ("", 0.0))[1]
    return None


def _number(written: str) -> tuple[str, float] | None:
    """The words before a number, and the number; None where there is none."""
    try:
        return "", float(written)
    except ValueError:
        match = _NUMBERED.fullmatch(written)
        return (match[1].casefold().strip(), float(match[2])) if match else None
