"""Why rows are superseded, told from what changed on a timeline (docs/protocol.md 4)."""

from collections.abc import Sequence

from stream.timeline.entries import Entry, Placement, Timeline
from stream.vocabulary import Cause, EntryKind, FactKind, RejectionKind


def cause_of(timeline: Timeline, states_end: bool, placed: Sequence[Entry], ended: Sequence[Placement]) -> Cause:
    """In its words; where nothing is superseded (`states_end` False): ARRIVAL, or REPLAY by new weights.

    Also of a timeline that no fact changed, but this version sees otherwise than the one that folded it.
    """
    if not states_end:
        return Cause.ARRIVAL if placed or timeline.unseen else Cause.REPLAY
    gone = {(row.kind, row.id) for row in ended}
    came = {(entry.kind, entry.id) for entry in placed}
    if any(kind == EntryKind.SCAN for kind, _ in gone & came):
        return Cause.REVISION
    if scans := sorted(scan_uid for kind, scan_uid in gone if kind == EntryKind.SCAN):
        return Cause(timeline.taken_down.get(scans[0], RejectionKind.REJECTED))
    if any(kind == EntryKind.TREATMENT for kind, _ in gone | came):
        return Cause.TREATMENT
    if came:
        withdrawn = {fact.id.rpartition("/")[0] for fact in timeline.unseen if fact.kind == FactKind.REJECTION}
        return Cause.RESTORED if {scan_uid for _, scan_uid in came} <= withdrawn else Cause.LATE
    told = {fact.kind for fact in timeline.unseen}
    if FactKind.CLINICAL in told:
        return Cause.CLINICAL
    return Cause.LINKED if FactKind.LESION in told else Cause.REPLAY
