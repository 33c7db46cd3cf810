"""What came of a patient and waits for a person to decide: how much of it, why, and where that is done."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from dashboard import set_aside_words, wording
from dashboard.patient.case import PatientCase
from dashboard.rows import rows_of
from stream.vocabulary import ReasonCode, Status


class WaitingRow(NamedTuple):
    """What was set aside for one cause and nobody has decided on; `files`: how many items that are."""

    item_id: str
    scan_uid: str | None
    reason_code: ReasonCode
    reason: str
    files: int
    kind: str
    why_not: str | None
    sender: str | None
    set_aside_at: dt.datetime


def causes(case: PatientCase) -> Iterator[tuple[str, str, str, str]]:
    """Of each cause its item, what it is called, the reason with how much there is and since when, and what helps."""
    for row in rows_of(case.waiting, WaitingRow):
        title, cure = set_aside_words.found(row.reason_code, row.kind, row.why_not)
        yield row.item_id, title, f"{row.reason}\n{_much(row)}, {wording.moment(row.set_aside_at, case.zone)}", cure


def beside_scans(case: PatientCase) -> Iterator[str]:
    """What waits although no scan that stands on the page says so, a sentence for each cause."""
    told = set(case.scans.scan_uid[case.scans.status == Status.SET_ASIDE])
    for row in rows_of(case.waiting, WaitingRow):
        if row.scan_uid not in told:
            yield f"Set aside: {_much(row)} ({_title(row)}). See Pipeline."


def _title(row: WaitingRow) -> str:
    return set_aside_words.found(row.reason_code, row.kind, row.why_not)[0].lower()


def _much(row: WaitingRow) -> str:
    much = wording.counted(row.files, set_aside_words.KINDS.get(row.kind, row.kind))
    return f"{much} from {row.sender}" if row.sender else much
