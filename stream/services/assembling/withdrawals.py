"""What instances take back other instances: rejection notes, reports that replace others, content that was corrected.

A note that is itself rejected by another note has no force: that is the undo through DICOM. One that was only replaced
keeps it: the third report of a chain does not bring the first one back.

An example. Note N rejects report R: R does not count. Note M then rejects N: N has no force, and R counts again. Note O
rejects M: M has no force, N has it again, and R does not count. Had M been a report that replaces N, N would have kept
its force. And where two notes reject each other, neither has any; so it is with reports that replace each other in a
circle, of which the latest counts where they are read (docs/reading.md 4).

A report that names one of an earlier exam compares with it and takes nothing back: else a follow-up would take the
baseline away. DICOM says of a predecessor only that its content is wholly or partly included (PS3.3 C.17.2).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from stream.predecessors import circles
from stream.storage.database import Connection
from stream.storage.intake.withdrawals import REPLACING, Withdrawal, read_withdrawals


def withdrawals(connection: Connection, instance_uids: Collection[str]) -> list[Withdrawal]:
    """All that take back one of `instance_uids`, or again one of those that do, in force or not."""
    named = read_withdrawals(connection, instance_uids)
    corrected = [withdrawal for withdrawal in named if withdrawal.because == "corrected"]
    # whoever names an instance means it whatever its content
    return named + [
        replace(withdrawal, takes=correction.note)
        for withdrawal in named
        for correction in corrected
        if withdrawal.because != "corrected" and withdrawal.takes == correction.takes
    ]


def in_force(withdrawals: Iterable[Withdrawal]) -> list[Withdrawal]:
    """Those that count, each `at` the last word for or against it; notes that reject each other do not."""
    own = [each for each in withdrawals if each.same_patient and (each.same_exam or each.because != "replaced")]
    against: dict[str, set[str]] = defaultdict(set)
    for withdrawal in own:
        if withdrawal.because not in REPLACING:
            against[withdrawal.takes].add(withdrawal.note)
    force = _force({withdrawal.note for withdrawal in own}, against)
    arrived = {withdrawal.note: withdrawal.at for withdrawal in own}
    forceful = [
        replace(withdrawal, at=_last_word(withdrawal.note, against, arrived))
        for withdrawal in own
        if force.get(withdrawal.note)
    ]
    meant = _without_circles(forceful)
    return [each for each in meant if each.restored_at is None or each.at > each.restored_at]


def _without_circles(withdrawals: list[Withdrawal]) -> list[Withdrawal]:
    """Those by which no reports replace each other in a circle."""
    named: dict[str, set[str]] = defaultdict(set)
    for withdrawal in withdrawals:
        if withdrawal.because == "replaced":
            named[withdrawal.note].add(withdrawal.takes)
    empty = {(note, takes) for circle in circles(named) for note in circle for takes in named[note] & circle}
    return [each for each in withdrawals if each.because != "replaced" or (each.note, each.takes) not in empty]


def _force(notes: Iterable[str], against: Mapping[str, set[str]]) -> dict[str, bool]:
    """Whether each note has force; those that stay undecided reject each other in a circle."""
    force: dict[str, bool] = {}
    undecided, left = set(notes), -1
    while left != len(undecided):
        left = len(undecided)
        for note in sorted(undecided):
            opponents = [force.get(other) for other in against.get(note, ())]
            if True in opponents or None not in opponents:
                force[note] = True not in opponents
        undecided -= force.keys()
    return force


def _last_word(note: str, against: Mapping[str, set[str]], arrived: Mapping[str, dt.datetime]) -> dt.datetime:
    """When the latest came of `note`, the notes that reject it, those that reject these, and so on."""
    notes: set[str] = set()
    ahead = [note]
    while ahead:
        latest = ahead.pop()
        notes.add(latest)
        ahead += against.get(latest, set()) - notes
    return max(arrived[each] for each in notes)
