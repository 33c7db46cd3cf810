"""Scans, and what of them is not used, as tables in words."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import set_aside_words, wording
from stream.vocabulary import Status


def scan_table(scans: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """The columns of scan_status in words, for a table; what a scan's own clock showed, all else in `zone`."""
    marks = [" (provisional)" if provisional else "" for provisional in scans.provisional]
    complete = [wording.COMPLETENESS.get(name, name) for name in scans.completeness]
    columns = {
        "Begun": [wording.moment(at, zone) for at in scans.begun_at],
        "Patient": scans.patient_id,
        "Scan": [wording.last_digits(uid) for uid in scans.scan_uid],
        "Revision": scans.revision,
        "Acquired": [wording.wall_clock(clock) for clock in scans.acquired_local],
        "Modality": [", ".join(names) for names in scans.modality],
        "Files": scans.instances,
        "Status": [wording.STATUSES[status][0] for status in scans.status],
        "Sender": [sender or "table" for sender in scans.sender],
        "Complete because": [words + mark for words, mark in zip(complete, marks, strict=True)],
        "Reason": [reason or "" for reason in scans.reason],
    }
    return pd.DataFrame(columns)


def hop_table(revisions: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """When each revision of a scan took each hop, and how long it waited there; times in `zone`."""
    hops = ("received_at", "accepted_at", "measured_at", "applied_at")
    times = [[wording.second(at, zone) for at in revisions[hop]] for hop in hops]
    complete = [wording.COMPLETENESS.get(name, name) for name in revisions.completeness]
    columns = {
        "Revision": revisions.revision,
        "Status": [wording.STATUSES[status][0] for status in revisions.status],
        "From": [sender or "table" for sender in revisions.sender],
        "First file": times[0],
        "Complete": [
            "" if status == Status.RECEIVING else at for status, at in zip(revisions.status, times[1], strict=True)
        ],
        "because": complete,
        "Measured": times[2],
        "Counts since": times[3],
        "Files": revisions.instances,
    }
    return pd.DataFrame(columns)


def aside_table(items: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """What was set aside, in words, for a table."""
    columns = {
        "Item": items.item_id,
        "Files": items.files,
        "Why": [
            set_aside_words.REASONS[code][0] if code in set_aside_words.REASONS else code for code in items.reason_code
        ],
        "Reason": items.reason,
        "Since": [wording.moment(at, zone) for at in items.set_aside_at],
        "Decision": [decision or "undecided" for decision in items.decision],
    }
    return pd.DataFrame(columns)


def sender_table(senders: pd.DataFrame, now: pd.Timestamp, zone: ZoneInfo) -> pd.DataFrame:
    """Who sends, and since when nothing more came."""
    columns = {
        "Sender": senders.sender,
        "Address": senders.peer,
        "Last file": [wording.age(at, now) for at in senders.last_received_at],
        "at": [wording.moment(at, zone) for at in senders.last_received_at],
        "Files": senders.files,
        "First file": [wording.moment(at, zone) for at in senders.first_received_at],
    }
    return pd.DataFrame(columns)


def refusal_table(refusals: pd.DataFrame, now: pd.Timestamp, zone: ZoneInfo) -> pd.DataFrame:
    """Who was not let in, and why."""
    columns = {
        "Sender": [sender or "not said" for sender in refusals.sender],
        "Address": [peer or "many" for peer in refusals.peer],
        "Why": refusals.reason,
        "Times": refusals.times,
        "Last": [wording.age(at, now) for at in refusals.last_at],
        "at": [wording.moment(at, zone) for at in refusals.last_at],
    }
    return pd.DataFrame(columns)


def unused_table(unused: pd.DataFrame, where: str, values: Sequence[object]) -> pd.DataFrame:
    """What is not used, in words, with `values` of a column `where` first."""
    names = {"object_kind": "Object", "code": "Code", "meaning": "Meaning", "reason": "Why it is not used"}
    table = unused[list(names)].rename(columns=names)
    table.insert(0, where, list(values))
    return table.assign(Object=[wording.OBJECT_KINDS.get(kind, kind) for kind in table.Object])
