"""What instances take back other instances: rejection notes, reports that replace others, content that was corrected.

A note that is itself rejected by another note has no force: that is the undo through DICOM. One that was only replaced
keeps it: the third report of a chain does not bring the first one back.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stream.storage.database import Connection

REPLACING = ("replaced", "corrected")
"""Corrected: the same SOP Instance UID with other content, which a person has released."""


@dataclass(frozen=True)
class Withdrawal:
    """Instance `note` takes instance `takes` back; `by`: who sent it, `at`: when it came or last came into force.

    `restored_at`: when somebody last let the scan of `takes` count again; `same_patient`: of both instances.
    """

    note: str
    takes: str
    because: str
    by: str
    at: dt.datetime
    restored_at: dt.datetime | None = None
    same_patient: bool = True

    @property
    def reason(self) -> str:
        """As rejections call it."""
        return "replaced" if self.because in REPLACING else self.because


def named_scans(connection: Connection, scan_uids: Sequence[str]) -> list[str]:
    """`scan_uids`, and the scans whose instances are taken back by an instance of theirs, or again by one of those."""
    rows = connection.execute(NAMED, [list(scan_uids)]).fetchall()
    return sorted({*scan_uids, *(row[0] for row in rows)})


NAMED = """WITH RECURSIVE named(uid) AS (
  SELECT unnest(withdraws) COLLATE "C" FROM core.instances WHERE scan_uid = ANY(%s) AND withdraws IS NOT NULL
  UNION SELECT unnest(i.withdraws) COLLATE "C" FROM named JOIN core.instances i ON i.instance_uid = named.uid
    WHERE i.withdraws IS NOT NULL)
SELECT DISTINCT i.scan_uid FROM named JOIN core.instances i ON i.instance_uid = named.uid"""


def withdrawals(connection: Connection, instance_uids: Sequence[str]) -> list[Withdrawal]:
    """All that take back one of `instance_uids`, or again one of those that do, in force or not."""
    pairs = _naming(connection, instance_uids)
    if not pairs:
        return []
    rows = connection.execute(WITHDRAWALS, [[note for note, _ in pairs], [takes for _, takes in pairs]]).fetchall()
    found = [Withdrawal(*row) for row in rows]
    corrected = [one for one in found if one.because == "corrected"]
    # whoever names an instance means it whatever its content
    return found + [
        replace(one, takes=other.note)
        for one in found for other in corrected
        if one.because != "corrected" and one.takes == other.takes
    ]  # fmt: skip


def _naming(connection: Connection, instance_uids: Sequence[str]) -> list[tuple[str, str]]:
    """(note, what it takes back) for `instance_uids`, then for those notes, and so on.

    One step at a time, and one look into the index per instance (OFFSET 0 keeps it so): asked as a whole, for thousands
    of slices, Postgres rather reads all instances there are.
    """
    pairs: list[tuple[str, str]] = []
    asked, ahead = set(), set(instance_uids)
    while ahead:
        asked |= ahead
        new = connection.execute(NAMING, [sorted(ahead)]).fetchall()
        pairs += new
        ahead = {note for note, _ in new} - asked
    return pairs


NAMING = """SELECT n.instance_uid, t.uid FROM unnest(%s::text[]) t(uid) CROSS JOIN LATERAL (
  SELECT instance_uid FROM core.instances WHERE withdraws IS NOT NULL AND withdraws @> ARRAY[t.uid] OFFSET 0) n"""

WITHDRAWALS = """SELECT up.note, up.takes, n.withdraws_because, coalesce(sender.calling_ae, 'unknown'), n.accepted_at,
  (SELECT max(j.at) FROM core.rejections j WHERE j.scan_uid = i.scan_uid AND j.withdrawn),
  core.root(ns.received_as) = core.root(s.received_as)
    OR core.root(coalesce(na.patient_id, ns.received_as)) = core.root(coalesce(a.patient_id, s.received_as))
FROM unnest(%s::text[], %s::text[]) up(note, takes)
JOIN core.instances n ON n.instance_uid = up.note JOIN core.scans ns ON ns.scan_uid = n.scan_uid
JOIN core.instances i ON i.instance_uid = up.takes JOIN core.scans s ON s.scan_uid = i.scan_uid
LEFT JOIN core.assignments na ON na.scan_uid = ns.scan_uid LEFT JOIN core.assignments a ON a.scan_uid = s.scan_uid
LEFT JOIN LATERAL (SELECT c.calling_ae FROM core.receipts r JOIN core.associations c USING (association_id)
  WHERE r.scan_uid = n.scan_uid AND r.sha256 = n.sha256 ORDER BY r.received_at LIMIT 1) sender ON true
ORDER BY n.accepted_at, up.note"""


def in_force(found: Iterable[Withdrawal]) -> list[Withdrawal]:
    """Those of `found` that count, each `at` the last word for or against it; notes that reject each other do not."""
    own = [one for one in found if one.same_patient]
    against: dict[str, set[str]] = defaultdict(set)
    for one in own:
        if one.because not in REPLACING:
            against[one.takes].add(one.note)
    force = _force({one.note for one in own}, against)
    arrived = {one.note: one.at for one in own}
    spoken = [replace(one, at=_last_word(one.note, against, arrived)) for one in own if force.get(one.note)]
    return [one for one in spoken if one.restored_at is None or one.at > one.restored_at]


def _force(notes: Iterable[str], against: dict[str, set[str]]) -> dict[str, bool]:
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


def _last_word(note: str, against: dict[str, set[str]], arrived: dict[str, dt.datetime]) -> dt.datetime:
    heard, waiting = set(), [note]
    while waiting:
        one = waiting.pop()
        heard.add(one)
        waiting += against.get(one, set()) - heard
    return max(arrived[one] for one in heard)
