"""What instances take back other instances, as rows say it; services/assembling/withdrawals.py says what has force."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from psycopg.rows import args_row, scalar_row

from stream.storage.database import Connection
from stream.storage.patients.naming import own_patient

REPLACING = ("replaced", "corrected")
"""Corrected: the same SOP Instance UID with other content, which a person has released."""


@dataclass(frozen=True)
class Withdrawal:
    """Instance `note` takes instance `takes` back; `by`: who sent it, `at`: when it came or last came into force.

    `restored_at`: when somebody last let the scan of `takes` count again; `same_patient`: of both instances.
    `same_exam`: they are of one study, or of studies of one day; a report corrects another of its own exam only.
    """

    note: str
    takes: str
    because: str
    by: str
    at: dt.datetime
    restored_at: dt.datetime | None = None
    same_patient: bool = True
    same_exam: bool = True

    @property
    def reason(self) -> str:
        """As rejections call it."""
        return "replaced" if self.because in REPLACING else self.because


def named_scans(connection: Connection, scan_uids: Sequence[str]) -> list[str]:
    """`scan_uids`, and the scans whose instances are taken back by an instance of theirs, or again by one of those."""
    query = """WITH RECURSIVE named(uid) AS (
  SELECT unnest(withdraws) COLLATE "C" FROM core.instances WHERE scan_uid = ANY(%s) AND withdraws IS NOT NULL
  UNION SELECT unnest(i.withdraws) COLLATE "C" FROM named JOIN core.instances i ON i.instance_uid = named.uid
    WHERE i.withdraws IS NOT NULL)
SELECT DISTINCT i.scan_uid FROM named JOIN core.instances i ON i.instance_uid = named.uid"""
    return sorted({*scan_uids, *connection.cursor(row_factory=scalar_row).execute(query, [list(scan_uids)])})


def read_withdrawals(connection: Connection, instance_uids: Collection[str]) -> list[Withdrawal]:
    """All that name one of `instance_uids`, or again one of those that do, in the order they were accepted."""
    pairs = _naming(connection, instance_uids)
    if not pairs:
        return []
    values = [[note for note, _ in pairs], [takes for _, takes in pairs]]
    return connection.cursor(row_factory=args_row(Withdrawal)).execute(WITHDRAWALS, values).fetchall()


def _day(instance: str) -> str:
    """Of the exam that `instance` is of, in the zone that it was stated in."""
    offset = f"make_interval(mins => coalesce({instance}.utc_offset_minutes, 0))"
    return f"({instance}.acquired_at AT TIME ZONE 'UTC' + {offset})::date"


WITHDRAWALS = f"""SELECT up.note, up.takes, n.withdraws_because, coalesce(sender.calling_ae, 'unknown'), n.accepted_at,
  (SELECT max(j.at) FROM core.rejections j WHERE j.scan_uid = i.scan_uid AND j.withdrawn),
  core.root(ns.received_as) = core.root(s.received_as)
    OR core.root({own_patient("ns")}) = core.root({own_patient("s")})
    OR core.root(coalesce(na.patient_id, ns.received_as)) = core.root(coalesce(a.patient_id, s.received_as)),
  n.scan_uid = i.scan_uid OR {_day("n")} = {_day("i")}
FROM unnest(%s::text[], %s::text[]) up(note, takes)
JOIN core.instances n ON n.instance_uid = up.note JOIN core.scans ns ON ns.scan_uid = n.scan_uid
JOIN core.instances i ON i.instance_uid = up.takes JOIN core.scans s ON s.scan_uid = i.scan_uid
LEFT JOIN core.assignments na ON na.scan_uid = ns.scan_uid LEFT JOIN core.assignments a ON a.scan_uid = s.scan_uid
LEFT JOIN LATERAL (SELECT c.calling_ae FROM core.receipts r JOIN core.associations c USING (association_id)
  WHERE r.scan_uid = n.scan_uid AND r.sha256 = n.sha256 ORDER BY r.received_at LIMIT 1) sender ON true
ORDER BY n.accepted_at, up.note"""


def _naming(connection: Connection, instance_uids: Collection[str]) -> list[tuple[str, str]]:
    """(note, what it takes back) for `instance_uids`, then for those notes, and so on.

    One step at a time, and one look into the index per instance (OFFSET 0 keeps it so): asked as a whole, for thousands
    of slices, Postgres rather reads all instances there are.
    """
    pairs: list[tuple[str, str]] = []
    done: set[str] = set()
    ahead = set(instance_uids)
    while ahead:
        done |= ahead
        step: list[tuple[str, str]] = connection.execute(NAMING, [sorted(ahead)]).fetchall()
        pairs += step
        ahead = {note for note, _ in step} - done
    return pairs


NAMING = """SELECT n.instance_uid, t.uid FROM unnest(%s::text[]) t(uid) CROSS JOIN LATERAL (
  SELECT instance_uid FROM core.instances WHERE withdraws IS NOT NULL AND withdraws @> ARRAY[t.uid] OFFSET 0) n"""


def standing_reasons(connection: Connection, scan_uid: str, revision: int) -> list[tuple[str, str]]:
    """(because, by) of the rejections that stand against this revision, or against a higher one."""
    query = "SELECT because, by FROM core.standing_rejections WHERE scan_uid = %s AND revision >= %s"
    return connection.execute(query, [scan_uid, revision]).fetchall()
