"""Senders that were not let in: counted by AE title, address and cause."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from stream.storage.database import Connection

ADD = """ON CONFLICT (calling_ae, peer, cause) DO UPDATE
SET times = r.times + excluded.times, reason = excluded.reason, last_at = greatest(r.last_at, excluded.last_at)"""
COUNT = f"INSERT INTO core.refusals AS r VALUES (%s, %s, %s, %s, %s, %s, %s) {ADD}"
RENAME = f"""
WITH gone AS (DELETE FROM core.refusals WHERE calling_ae = %s RETURNING *)
INSERT INTO core.refusals AS r SELECT %s, peer, cause, reason, times, first_at, last_at FROM gone {ADD}"""
FORGET = """
DELETE FROM core.refusals WHERE last_at < now() - interval '90 days' OR (calling_ae, peer, cause) IN (
  SELECT calling_ae, peer, cause FROM core.refusals ORDER BY last_at DESC OFFSET 1000)"""
"""Who comes under ever new names fills no table."""


class Refusal(NamedTuple):
    """Refusals of one sender for one cause, `times` in all from `first_at` to `last_at`; empty names: many."""

    calling_ae: str
    peer: str
    cause: str
    reason: str
    times: int
    first_at: dt.datetime
    last_at: dt.datetime


def count_refusals(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Add to what was counted before."""
    if refusals:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(COUNT, sorted(refusals))
            cursor.execute(FORGET)


def rename_refused(connection: Connection, calling_ae: str, name: str) -> None:
    """Count what was counted of this AE title as of `name`."""
    connection.execute(RENAME, [calling_ae, name])
