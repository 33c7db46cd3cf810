"""What workers died with: taken one at a time, and set aside by the third death with nothing else in hand."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stream import logs
from stream.crash import reach
from stream.services.accepting.set_asides import item_id, set_aside_row
from stream.storage import schema
from stream.storage.appending import append, write_later
from stream.storage.database import Connection
from stream.storage.locks import identity_held
from stream.storage.timelines import OWN

DEATHS = 3
"""One may be chance and two a coincidence: a machine that is switched off kills whatever is in hand."""
REASON = f"A worker ended {DEATHS} times with nothing but this {{}} in hand; its log says more."


@dataclass(frozen=True)
class Item:
    """Work that a worker can have in hand.

    `kind` and `id`: a scan (`revision` 0: the one to be assembled), a timeline by its patient, a message by its sha256,
    an identity event by its number.
    """

    kind: str
    id: str
    revision: int = 0


def split(connection: Connection, items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Those of `items` to take together, and those to take one at a time afterwards, the least charged first.

    What is set aside is left out. Messages keep their order, since the later of two facts stands.
    """
    aside = _set_aside_already(connection, items)
    wanted = [item for item in dict.fromkeys(items) if item not in aside]
    attempts = _attempts(connection, wanted)
    if attempts and wanted[0].kind == "message":
        return [], wanted
    return [item for item in wanted if item not in attempts], sorted(attempts, key=attempts.__getitem__)


def charge(connection: Connection, items: Sequence[Item], now: dt.datetime, forget: Callable[[], None]) -> None:
    """A worker died with `items` in hand, and nothing else. One that was alone is charged, three times set aside.

    `forget` makes the death unknown before it counts: a second death meanwhile must not count this one twice.
    """
    alone = int(len(items) == 1)
    with connection.transaction():
        with connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO core.suspects AS s (kind, id, revision, attempts, since) VALUES (%s, %s, %s, %s, %s)
                ON CONFLICT (kind, id, revision) DO UPDATE SET attempts = s.attempts + excluded.attempts""",
                sorted((item.kind, item.id, item.revision, alone, now) for item in set(items)),
            )
        for item, attempts in _attempts(connection, items).items():
            logs.event("suspect", kind=item.kind, id=item.id, revision=item.revision, attempts=attempts)
            if attempts >= DEATHS:
                SET_ASIDE[item.kind](connection, item, now)
                clear(connection, item)
                reach("suspects.set_aside")
        reach("suspects.charged")
        forget()
        reach("suspects.forgotten")


def clear(connection: Connection, item: Item) -> None:
    """The item is no suspect any more."""
    key = [item.kind, item.id, item.revision]
    connection.execute("DELETE FROM core.suspects WHERE kind = %s AND id = %s AND revision = %s", key)


HELD = """SELECT DISTINCT core.root(i.patient_id) FROM core.set_asides i WHERE i.reason_code = 'killed_worker'
AND i.scan_uid IS NULL AND i.patient_id IS NOT NULL AND i.decision IS DISTINCT FROM 'released'"""
"""Timelines that are held: one of them killed workers, and no scan of it that waits can be set aside instead."""

UNMADE = """SELECT w.scan_uid FROM core.assembly w WHERE w.status = 'set_aside' AND w.scan_uid = ANY(%s)
AND NOT EXISTS (SELECT FROM core.revisions r WHERE r.scan_uid = w.scan_uid AND r.revision = w.revision)"""

MESSAGES = """SELECT sha256 FROM core.set_asides
WHERE item_id = ANY(%s) AND reason_code = 'killed_worker' AND decision IS DISTINCT FROM 'released'"""


def held(connection: Connection) -> set[str]:
    """Timelines that nobody may fold until a person has decided."""
    return {row[0] for row in connection.execute(HELD).fetchall()}


def _set_aside_already(connection: Connection, items: Sequence[Item]) -> set[Item]:
    """Those of `items` that are set aside where the work itself does not look."""
    timelines = held(connection) if any(item.kind == "timeline" for item in items) else set()
    unmade = [item.id for item in items if item.kind == "scan" and not item.revision]
    scans = {row[0] for row in connection.execute(UNMADE, [unmade])} if unmade else set()
    names = [item_id(item.id) for item in items if item.kind == "message"]
    messages = {row[0] for row in connection.execute(MESSAGES, [names])} if names else set()
    by_kind = {"timeline": timelines, "scan": scans, "message": messages}
    return {item for item in items if not item.revision and item.id in by_kind.get(item.kind, ())}


def _attempts(connection: Connection, items: Sequence[Item]) -> dict[Item, int]:
    """How often each suspect among `items` was charged."""
    keys = [[item.kind for item in items], [item.id for item in items], [item.revision for item in items]]
    rows = connection.execute(
        """SELECT kind, id, revision, attempts FROM core.suspects JOIN
        (SELECT DISTINCT * FROM unnest(%s::text[], %s::text[], %s::int[]) k(kind, id, revision)) k
        USING (kind, id, revision)""",
        keys,
    ).fetchall()
    found = {Item(*key): attempts for *key, attempts in rows}
    return {item: found[item] for item in dict.fromkeys(items) if item in found}


def _scan(connection: Connection, item: Item, now: dt.datetime) -> None:
    """The revision that waits to be measured; or the one that would be made next, so that none is made."""
    if item.revision:
        _revision(connection, item.id, item.revision, now)
        return
    connection.execute("SELECT FROM core.scans WHERE scan_uid = %s FOR UPDATE", [item.id])
    made = connection.execute(
        """INSERT INTO core.assembly AS w (scan_uid, revision, status, completeness, changed_at)
        SELECT s.scan_uid, coalesce(max(r.revision), 0) + 1, 'receiving', 'quiet', %(now)s
        FROM core.scans s LEFT JOIN core.revisions r USING (scan_uid) WHERE s.scan_uid = %(id)s GROUP BY s.scan_uid
        ON CONFLICT (scan_uid, revision) DO UPDATE SET changed_at = excluded.changed_at RETURNING revision""",
        {"id": item.id, "now": now},
    ).fetchone()
    if made:
        _revision(connection, item.id, made[0], now)


UNSEEN = (
    OWN
    + """SELECT DISTINCT o.scan_uid, f.revision FROM own o JOIN core.features f USING (scan_uid)
JOIN core.assembly w ON w.scan_uid = f.scan_uid AND w.revision = f.revision AND w.status = 'waiting'"""
)
"""Revisions that came to a timeline and that no fold has seen."""


def _timeline(connection: Connection, item: Item, now: dt.datetime) -> None:
    """All that is new on it; where that is no scan, the timeline is held as it stands."""
    unseen = connection.execute(UNSEEN, {"patients": [item.id]}).fetchall()
    for scan_uid, revision in unseen:
        _revision(connection, scan_uid, revision, now)
    if not unseen:
        _note(connection, "timeline", now, item.id, patient_id=item.id)


def _message(connection: Connection, item: Item, now: dt.datetime) -> None:
    row = set_aside_row(item_id(item.id), "killed_worker", REASON.format("message"), now, sha256=item.id)
    append(connection, schema.set_asides, [row])


def _identity(connection: Connection, item: Item, now: dt.datetime) -> None:
    """It cannot take effect, and holds up those behind it no longer."""
    with identity_held(connection):
        refused = {"outcome": "refused", "applied_at": now}
        if write_later(connection, schema.identity_events, {"seq": int(item.id)}, refused):
            row = set_aside_row(refusal_id(int(item.id)), "killed_worker", REASON.format("identity event"), now)
            append(connection, schema.set_asides, [row])


def refusal_id(seq: int) -> str:
    """Names the item of an identity event that killed workers."""
    return item_id("identity", seq)


SET_ASIDE = {"scan": _scan, "timeline": _timeline, "message": _message, "identity": _identity}


def _revision(connection: Connection, scan_uid: str, revision: int, now: dt.datetime) -> None:
    """Set a revision aside, unless it came to its end meanwhile."""
    reason = REASON.format("scan")
    waited = connection.execute(
        """UPDATE core.assembly SET status = 'set_aside', reason_code = 'killed_worker', reason = %s, changed_at = %s
        WHERE scan_uid = %s AND revision = %s AND status IN ('receiving', 'measuring', 'waiting')""",
        [reason, now, scan_uid, revision],
    ).rowcount
    if waited:
        _note(connection, "scan", now, scan_uid, revision, scan_uid=scan_uid, revision=revision)
        logs.event("scan_set_aside", scan=scan_uid, revision=revision, reason="killed_worker")


def _note(connection: Connection, what: str, now: dt.datetime, *name: object, **about: object) -> None:
    """A row for a person; after a release the same thing set aside again is another item."""
    same = {"scan_uid": None, "revision": None, "patient_id": None, **about}
    (before,) = connection.execute(
        """SELECT count(*) FROM core.set_asides WHERE reason_code = 'killed_worker'
        AND scan_uid IS NOT DISTINCT FROM %(scan_uid)s AND revision IS NOT DISTINCT FROM %(revision)s
        AND patient_id IS NOT DISTINCT FROM %(patient_id)s""",
        same,
    ).fetchone()
    row = set_aside_row(item_id("killed_worker", *name, before), "killed_worker", REASON.format(what), now)
    append(connection, schema.set_asides, [{**row, **about}])
