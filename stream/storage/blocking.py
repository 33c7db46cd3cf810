"""Backends that hold others up for too long: a stopped worker keeps its locks past every timeout of its own.

So may anybody else who logs in to the database. Those of the migrator and of administrators are left alone: whoever
changes tables or mends them knows why.
"""

from typing import NamedTuple

from stream.storage.database import Connection


class EndedBackend(NamedTuple):
    """A backend that was ended: its process id, whose it was, and what it called itself."""

    pid: int
    role: str
    application: str


BLOCKERS = """SELECT a.pid, a.usename, a.application_name, pg_terminate_backend(a.pid)
FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
WHERE (a.usename = current_user OR pg_has_role('pg_signal_backend', 'USAGE'))
  AND NOT r.rolsuper AND a.usename <> 'scanstream_migrator'
  AND a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND a.pid IN (SELECT unnest(pg_blocking_pids(w.pid)) FROM pg_locks w
    WHERE NOT w.granted AND w.waitstart < clock_timestamp() - make_interval(secs => %s))
  AND NOT EXISTS (SELECT FROM pg_locks w WHERE w.pid = a.pid AND NOT w.granted)"""
"""Who stands in line itself holds others up for another's sake and is left alone."""


def end_blockers(connection: Connection, seconds: float) -> list[EndedBackend]:
    """Terminate the backends for which others have waited `seconds`: of this role, and of all where it may."""
    return [EndedBackend(*who) for *who, _ in connection.execute(BLOCKERS, [seconds]).fetchall()]
