"""What people want done with what was set aside, as the functions `scanstream.release` and `reject` wrote it down."""

import datetime as dt
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa

from stream.errors import AnswerIsNo
from stream.storage import schema
from stream.storage.appending import write_later
from stream.storage.database import Connection
from stream.vocabulary import Decision

CHANNEL = "scanstream_wishes"
DONE = "done"


@dataclass(frozen=True)
class Wish:
    """`decision` is wanted of an item; `patient_id` (a pseudonym) and `acquired`: what is said of its files."""

    item_id: str
    number: int
    decision: Decision
    patient_id: str | None
    acquired: str | None
    wanted_by: str
    why: str


def waiting_wishes(connection: Connection, limit: int) -> list[Wish]:
    """Wishes without an answer, the oldest first."""
    query = """SELECT item_id, number, decision, patient_id, acquired, wanted_by, why FROM core.wishes
    WHERE answered_at IS NULL ORDER BY wanted_at, item_id LIMIT %s"""
    rows = connection.execute(query, [limit]).fetchall()
    return [Wish(item, number, Decision(decision), *rest) for item, number, decision, *rest in rows]


def answer(connection: Connection, wish: Wish, words: str) -> None:
    """Write once what came of the wish: DONE, or why it was not done."""
    key = {"item_id": wish.item_id, "number": wish.number}
    write_later(connection, schema.wishes, key, {"answered_at": dt.datetime.now(dt.UTC), "answer": words})


def listen(connection: Connection) -> None:
    """Hear of new wishes on this connection from now on."""
    connection.execute(f"LISTEN {CHANNEL}")


def wait(connection: Connection, seconds: float) -> None:
    """Return as soon as something new is wanted, or after so many seconds."""
    for _ in connection.notifies(timeout=seconds, stop_after=1):
        pass


def want(
    engine: sa.Engine,
    item_id: str,
    decision: Decision,
    why: str,
    by: str,
    patient: str | None,
    acquired: dt.date | None,
) -> None:
    """Ask for a decision as the role of `engine`; AnswerIsNo, saying why, where the database refuses it at once."""
    release = decision == Decision.RELEASED
    query = "SELECT scanstream.release(%s, %s, %s, %s, %s)" if release else "SELECT scanstream.reject(%s, %s, %s)"
    values = (item_id, why, by, patient, acquired) if release else (item_id, why, by)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(query, values)
    except sa.exc.DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.RaiseException):
            raise AnswerIsNo(error.orig.diag.message_primary) from None
        raise
