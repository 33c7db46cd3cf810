"""Which processes run: each keeps a row up to date, and takes it away when it ends in order."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg.types.json import Json

from stream.disks import Disk
from stream.storage.database import Connection

HEAR = """
INSERT INTO core.processes AS p
VALUES (%(process_id)s, %(name)s, %(part)s, %(device)s, %(version)s, now() - make_interval(secs => %(uptime)s), now(),
  0, %(spooled)s, %(disks)s)
ON CONFLICT (process_id) DO UPDATE SET heard_at = now(), spooled = excluded.spooled, disks = excluded.disks,
  beats = p.beats + core.is_heard(p.heard_at)::int"""
"""By the clock of the database alone. A beat counts itself, by which scanstream.pulse knows that it is no news: but for
the first one, and one after a silence. It must stay one statement, thus one transaction with one number.
"""
FORGET_OTHERS = """
DELETE FROM core.processes WHERE heard_at < now() - interval '1 day'
  OR (name = %s AND NOT core.is_heard(heard_at)
    AND heard_at < (SELECT m.started_at FROM core.processes m WHERE m.process_id = %s))"""


class Process(NamedTuple):
    """One start of a process; `device` is what it computes on, None where it computes nothing."""

    process_id: str
    name: str
    part: str
    device: str | None
    version: str


def hear(
    connection: Connection, process: Process, uptime_seconds: float, spooled: int | None, disks: Sequence[Disk]
) -> None:
    """Write that `process` runs, and forget those in whose place it is, or that have been silent for a day."""
    told = Json([disk._asdict() for disk in disks])
    values = {**process._asdict(), "uptime": uptime_seconds, "spooled": spooled, "disks": told}
    connection.execute(HEAR, values)
    connection.execute(FORGET_OTHERS, [process.name, process.process_id])


def forget(connection: Connection, process_id: str) -> None:
    """A process ends in order."""
    connection.execute("DELETE FROM core.processes WHERE process_id = %s", [process_id])
