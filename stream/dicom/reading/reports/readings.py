"""Whose reading of a scan counts, where there are several objects: docs/reading.md 4 has the rule in words."""

import datetime as dt
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace

from pydicom import Dataset
from pydicom.valuerep import DT

from stream.dicom.reading.header import text
from stream.dicom.reading.reading import Reading
from stream.dicom.reading.rejection_notes import names_another_study, retraction_of
from stream.dicom.reading.reports.groups import reader_of
from stream.dicom.reading.reports.items import same_person
from stream.errors import SetAside
from stream.measured_scan import Unused
from stream.predecessors import circles
from stream.vocabulary import ReasonCode

REPLACED = "replaced by a later report"
SAVED_AGAIN = "saved again in a later object"
ANOTHER_READING = "another reading is used"
OF_ANOTHER_STUDY = "the report of another study that it names as its predecessor counts, unless both are of one day"

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class SignedObject:
    """Who made a report or segmentation and when; `reading` is what it gives, or why it is a person's question."""

    kind: str
    sop_uid: str
    reader: str  # empty where nobody is named
    verified_at: dt.datetime | None
    made_at: dt.datetime
    replaces: frozenset[str]
    reading: Reading | SetAside

    @property
    def rank(self) -> tuple[dt.datetime, dt.datetime, str]:
        """The highest counts: verified later, else made later; the UID decides between equals."""
        return self.verified_at or _NEVER, self.made_at, self.sop_uid


def signed(dataset: Dataset, kind: str, zone: dt.tzinfo, reading: Reading | SetAside) -> SignedObject:
    """`zone` is that of times whose object does not state its own (0008,0201)."""
    made_at = instant(dataset, text(dataset, "ContentDate") + text(dataset, "ContentTime"), zone)
    verified = text(dataset, "VerificationFlag") == "VERIFIED"
    stamps = [text(one, "VerificationDateTime") for one in dataset.get("VerifyingObserverSequence") or []]
    verified_at = max((instant(dataset, stamp, zone) for stamp in stamps), default=made_at) if verified else None
    retraction = retraction_of(dataset, kind, ())
    if kind == "sr" and isinstance(reading, Reading) and names_another_study(dataset):
        reading = replace(reading, unused=(*reading.unused, Unused(kind, "", "", OF_ANOTHER_STUDY)))
    sop_uid = text(dataset, "SOPInstanceUID")
    replaces = frozenset(retraction.uids if retraction else ()) - {sop_uid}
    return SignedObject(kind, sop_uid, _reader(dataset, kind), verified_at, made_at, replaces, reading)


def instant(dataset: Dataset, written: str, zone: dt.tzinfo) -> dt.datetime:
    """The moment that a date and time of `dataset` mean; before all others where they mean none."""
    for offset in (text(dataset, "TimezoneOffsetFromUTC"), ""):
        try:
            at = DT(written if written[-5:-4] in ("+", "-") else written + offset)
        except ValueError:
            continue
        if at:
            return at if at.tzinfo else at.replace(tzinfo=zone)
    return _NEVER


def _reader(dataset: Dataset, kind: str) -> str:
    """Who made the object: as the content says, else the author, else who signed; or who drew the segments."""
    if kind == "seg":
        return same_person(text(dataset, "ContentCreatorName"))
    authors = [text(one, "PersonName") for one in dataset.get("AuthorObserverSequence") or []]
    signers = [text(one, "VerifyingObserverName") for one in dataset.get("VerifyingObserverSequence") or []]
    return next(filter(None, (reader_of(dataset), *map(same_person, authors + signers))), "")


def standing(
    objects: Iterable[SignedObject], preferred: Set[str] = frozenset(), others: Set[str] = frozenset()
) -> list[SignedObject]:
    """Objects of one kind, the latest first; those that do not count keep what they hold as not used, and no value.

    By SOP Instance UID: `preferred` are those that the reports in use were made from, `others` those that only reports
    not in use were.
    """
    latest_first = sorted(objects, key=lambda one: (one.made_at, one.sop_uid), reverse=True)
    replaced = _replaced(latest_first)
    counting = [_without_values(one, REPLACED) if one.sop_uid in replaced else one for one in latest_first]
    counting = [_without_values(one, ANOTHER_READING) if one.sop_uid in others else one for one in counting]
    for position, one in enumerate(counting):
        if any(_states_again(later, one) for later in counting[:position]):
            counting[position] = _without_values(one, SAVED_AGAIN)
    speaking = [one for one in counting if one.reader and _speaks(one)]
    chosen = max(speaking, key=lambda one: (one.sop_uid in preferred, one.rank), default=None)
    readers = {one.reader for one in speaking if chosen and one.reader != chosen.reader}
    return [_without_values(one, ANOTHER_READING) if one.reader in readers else one for one in counting]


def _replaced(latest_first: Sequence[SignedObject]) -> set[str]:
    """Those that others replace; of some that replace each other in a circle, all but the latest."""
    replaced = {uid for one in latest_first for uid in one.replaces}
    rounds = circles({one.sop_uid: one.replaces for one in latest_first})
    return replaced - {next(one.sop_uid for one in latest_first if one.sop_uid in circle) for circle in rounds}


def _speaks(one: SignedObject) -> bool:
    """Whether it says something, or is a question about a value; a report that does neither takes no other's place."""
    if isinstance(one.reading, SetAside):
        return one.reading.reason_code != ReasonCode.NOT_MEASURABLE
    return one.reading.speaks


def _states_again(later: SignedObject, one: SignedObject) -> bool:
    """Whether `later`, by no other reader, has all that `one` says, if only under other UIDs."""
    if isinstance(later.reading, SetAside) or isinstance(one.reading, SetAside):
        return False
    if later.reader and one.reader and later.reader != one.reader:
        return False
    return bool(one.reading.content) and one.reading.content <= later.reading.content


def _without_values(one: SignedObject, reason: str) -> SignedObject:
    held = () if isinstance(one.reading, SetAside) else one.reading.unused
    row = (Unused(one.kind, "", "", reason),) if _speaks(one) else ()
    return replace(one, reading=Reading(unused=held + row))
