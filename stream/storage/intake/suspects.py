"""What workers had in hand when they died, and how often each of it was charged with a death."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from stream.storage.database import Connection


@dataclass(frozen=True)
class WorkItem:
    """Work that a worker can have in hand.

    `kind` and `id`: a scan (`revision` 0: the one to be assembled), a timeline by its patient, a message by its sha256,
    an identity event by its number.
    """

    kind: str
    id: str
    revision: int = 0


def add_charges(connection: Connection, items: Sequence[WorkItem], charges: int, now: dt.datetime) -> None:
    """List `items` as suspects, since `now` where they are new, each charged with so many more deaths."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO core.suspects AS s (kind, id, revision, attempts, since) VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (kind, id, revision) DO UPDATE SET attempts = s.attempts + excluded.attempts""",
            sorted((item.kind, item.id, item.revision, charges, now) for item in set(items)),
        )


def charged_deaths(connection: Connection, items: Sequence[WorkItem]) -> dict[WorkItem, int]:
    """How many deaths each suspect among `items` is charged with, in the order of `items`."""
    keys = [[item.kind for item in items], [item.id for item in items], [item.revision for item in items]]
    rows = connection.execute(
        """SELECT kind, id, revision, attempts FROM core.suspects JOIN
        (SELECT DISTINCT * FROM unnest(%s::text[], %s::text[], %s::int[]) k(kind, id, revision)) k
        USING (kind, id, revision)""",
        keys,
    ).fetchall()
    deaths = {WorkItem(kind, id_, revision): attempts for kind, id_, revision, attempts in rows}
    return {item: deaths[item] for item in dict.fromkeys(items) if item in deaths}


def clear(connection: Connection, item: WorkItem) -> None:
    """The item is no suspect any more."""
    key = [item.kind, item.id, item.revision]
    connection.execute("DELETE FROM core.suspects WHERE kind = %s AND id = %s AND revision = %s", key)
