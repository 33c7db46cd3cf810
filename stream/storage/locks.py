"""All locks that statements ask for by name, and the order in which they are taken, so that nobody waits in a circle.

Order: explaining, replay (both for a session) and the sweep's lead first, held by whoever works in the background; then
identity, then heads in ascending order, then the name of a fact that gets its next number, the audit log last. Nobody
asks for a head while holding another row, and roles are made in transactions of their own.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import psycopg

_IDENTITY, _SWEEP, _AUDIT, _REPLAY, _EXPLAINING, _ROLES = 4711, 4712, 4713, 4714, 4715, 7_305_001
"""Keys of Postgres' advisory locks; workers of different versions must agree on them."""
PATIENCE_SECONDS, PAUSE_SECONDS = 40.0, 0.1
"""For the exclusive lock: longer than any transaction of ours may hold the shared one, a stopped worker's included."""


def share_identity(connection: psycopg.Connection) -> None:
    """Until this transaction ends no identity event takes effect and no weights are promoted."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_IDENTITY])


@contextmanager
def identity_held(connection: psycopg.Connection) -> Iterator[None]:
    """A transaction that holds the identity lock exclusively; LockNotAvailable after PATIENCE_SECONDS.

    It stands in line for a moment only, again and again: who stands behind it gets no shared lock either, so that one
    stopped worker would stop all (docs/protocol.md 3).
    """
    until = time.monotonic() + PATIENCE_SECONDS
    with connection.transaction():
        connection.execute("SET LOCAL transaction_timeout = 0")  # waiting holds nothing up
        while not _got_identity(connection):
            if time.monotonic() > until:
                raise psycopg.errors.LockNotAvailable("others hold the identity lock for too long")
            time.sleep(PAUSE_SECONDS)
        connection.execute("SET LOCAL lock_timeout = 0")
        connection.execute("SET LOCAL transaction_timeout = '10s'")
        yield


def _got_identity(connection: psycopg.Connection) -> bool:
    try:
        with connection.transaction():  # a savepoint in which no row is written
            connection.execute("SET LOCAL lock_timeout = '500ms'")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_IDENTITY])
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def lock_heads(connection: psycopg.Connection, patients: Sequence[str]) -> dict[str, int]:
    """Lock the heads of `patients` in ascending order, making missing ones; patient → version."""
    ids = sorted(patients)
    share_identity(connection)
    connection.execute(
        """INSERT INTO core.heads (patient_id, version, changed_at, fold_digest)
        SELECT p, 0, '2000-01-01', '' FROM unnest(%b::text[]) p ORDER BY p COLLATE "C" ON CONFLICT DO NOTHING""",
        [ids],
    )
    rows = connection.execute(
        "SELECT patient_id, version FROM core.heads WHERE patient_id = ANY(%b::text[]) ORDER BY patient_id FOR UPDATE",
        [ids],
    ).fetchall()
    return dict(rows)


def lock_facts(connection: psycopg.Connection, names: Collection[str]) -> None:
    """One at a time gives each fact of `names` (`table/key`) its next number, until this transaction ends.

    The rows that could be locked instead may not exist yet. Always in the same order, whatever that of `names` is.
    """
    query = "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%s::text[]) name"
    connection.execute(query, [sorted(set(names))])


def lock_audit(connection: psycopg.Connection) -> None:
    """One writer of the log at a time, until its transaction ends: its chain has no branches. Always the last lock."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_AUDIT])


def lead_sweep(connection: psycopg.Connection) -> bool:
    """Whether this transaction leads the sweep's pass; False where another one does."""
    return _try(connection, _SWEEP)


def share_replay(connection: psycopg.Connection) -> None:
    """Held for as long as the connection lasts: the sweep leaves what lacks states to whoever replays."""
    connection.execute("SELECT pg_advisory_lock_shared(%s)", [_REPLAY])


def nobody_replays(connection: psycopg.Connection) -> bool:
    """Whether no connection replays; none begins to before this transaction ends."""
    return _try(connection, _REPLAY)


@contextmanager
def explaining_alone(connection: psycopg.Connection) -> Iterator[bool]:
    """Whether no other connection explains meanwhile; held outside of transactions, as computing takes its time."""
    (alone,) = connection.execute("SELECT pg_try_advisory_lock(%s)", [_EXPLAINING]).fetchone() or (False,)
    try:
        yield alone
    finally:
        if alone and not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_EXPLAINING])


def lock_roles(connection: psycopg.Connection) -> None:
    """One at a time makes or alters roles, until this transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_ROLES])


def _try(connection: psycopg.Connection, key: int) -> bool:
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [key]).fetchone()
    return bool(row and row[0])
