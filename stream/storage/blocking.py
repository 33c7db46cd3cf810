"""Backends of ours that hold others up for too long: a stopped worker keeps its locks past every timeout of its own."""

from stream.storage.database import Connection

BLOCKERS = """SELECT a.pid, pg_terminate_backend(a.pid) FROM pg_stat_activity a
WHERE a.usename = current_user AND a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND a.pid IN (SELECT unnest(pg_blocking_pids(w.pid)) FROM pg_locks w
    WHERE NOT w.granted AND w.waitstart < clock_timestamp() - make_interval(secs => %s))
  AND NOT EXISTS (SELECT FROM pg_locks w WHERE w.pid = a.pid AND NOT w.granted)"""
"""Who stands in line itself holds others up for another's sake and is left alone."""


def end_blockers(connection: Connection, seconds: float) -> list[int]:
    """Terminate the backends of this role for which others have waited `seconds`; returns their process ids."""
    return [pid for pid, _ in connection.execute(BLOCKERS, [seconds]).fetchall()]
