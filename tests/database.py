"""A database for each test: upgraded once per session, emptied after every test (copies would cost half a second)."""

import itertools
import random
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Self

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from stream.endpoints import SUPERUSER, embedded_url, load_endpoints
from stream.settings import Settings, load_settings
from stream.storage import database as storage
from stream.storage import schema
from stream.storage.appending import qualified
from stream.storage.database import Connection
from stream.storage.roles import ensure_database

EMPTIED = [table for table in schema.metadata.sorted_tables if table is not schema.service]
_numbers = itertools.count()


class Shuffled(psycopg.Cursor):
    """Answers in any order where the query asks for none, as Postgres may."""

    def execute(self, query: Any, *args: Any, **options: Any) -> Self:
        text, nested = query.as_string(self) if isinstance(query, sql.Composable) else query, 1
        text = text.decode() if isinstance(text, bytes) else text
        while nested:
            text, nested = re.subn(r"\([^()]*\)", "", text)
        self._sorted = "ORDER BY" in text
        return super().execute(query, *args, **options)

    def fetchall(self) -> list[Any]:
        rows = super().fetchall()
        return rows if self._sorted else random.sample(rows, len(rows))


class Kept(NamedTuple):
    """Rows of a table as COPY writes them, and their versions as they stand."""

    rows: bytes
    versions: list[tuple]


class Database:
    """A database of the session's Postgres; connections opened through it end with the test."""

    def __init__(self, postgres: Settings, name: str) -> None:
        endpoints = load_endpoints(postgres)
        self.superuser_url = embedded_url(endpoints, SUPERUSER, name)
        self.settings = settings_of(postgres, name)
        self._open = ExitStack()
        self._superuser: psycopg.Connection | None = None
        self._kept: dict[sa.Table, Kept] = {}

    def connect(self, role: str = "worker") -> Connection:
        """A connection as `role` in autocommit, as the service opens it."""
        connection = self._open.enter_context(storage.connect(self.settings, role))
        connection.cursor_factory = Shuffled
        return connection

    def close(self) -> None:
        """End all connections of this test."""
        self._open.close()

    def keep(self) -> None:
        """What stands now, the weights that come with the code, is there again after every test."""
        with self._held() as superuser:
            for table in EMPTIED:
                if rows := _copied(superuser, table):
                    self._kept[table] = Kept(rows, _versions(superuser, table))

    def empty(self) -> None:
        """Take away every row but those kept; they come back as they were, which is faster than to make them again."""
        self.close()
        with self._held() as superuser:
            touched = [one for one, kept in self._kept.items() if _versions(superuser, one) != kept.versions]
            emptied = (qualified(one) for one in EMPTIED if one not in self._kept or one in touched)
            superuser.execute(sql.SQL(";").join(map(sql.SQL("DELETE FROM {}").format, emptied)))
            for table in touched:
                with superuser.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(qualified(table))) as copy:
                    copy.write(self._kept[table].rows)
                self._kept[table] = Kept(self._kept[table].rows, _versions(superuser, table))

    @contextmanager
    def _held(self) -> Iterator[psycopg.Connection]:
        """A transaction of the superuser, on a connection that is kept: a new one costs more than to empty all tables.

        One that a test ended, or Postgres with it, is opened anew.
        """
        if self._superuser is None or not _answers(self._superuser):
            self._superuser = psycopg.connect(self.superuser_url, autocommit=True)
            # the audit log refuses to be emptied
            self._superuser.execute("SET session_replication_role = replica")
        with self._superuser.transaction():
            yield self._superuser


@pytest.fixture(scope="session")
def upgraded(postgres: Settings) -> Database:
    """The one upgraded database."""
    made = new_database(postgres)
    storage.upgrade(made.settings)
    made.keep()
    return made


@pytest.fixture
def database(upgraded: Database) -> Iterator[Database]:
    """An upgraded database in which nothing has arrived."""
    yield upgraded
    upgraded.empty()


@pytest.fixture
def blank(postgres: Settings) -> Iterator[Database]:
    """A database in which there is nothing, not even a table; it goes with the session's Postgres."""
    made = new_database(postgres)
    yield made
    made.close()


def _copied(connection: psycopg.Connection, table: sa.Table) -> bytes:
    """The rows of `table` as COPY writes them."""
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(qualified(table))) as copy:
        return b"".join(bytes(row) for row in copy)


def _versions(connection: psycopg.Connection, table: sa.Table) -> list[tuple]:
    """Where each row of `table` lies and which transaction wrote it: whatever happens to a row changes one of them."""
    return connection.execute(sql.SQL("SELECT ctid, xmin FROM {} ORDER BY ctid").format(qualified(table))).fetchall()


def _answers(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("SELECT")
    except psycopg.OperationalError:
        return False
    return True


def new_database(postgres: Settings) -> Database:
    """A new database without tables."""
    name = f"test_{next(_numbers)}"
    ensure_database(embedded_url(load_endpoints(postgres), SUPERUSER, "postgres"), name, owner="scanstream_migrator")
    return Database(postgres, name)


def settings_of(postgres: Settings, name: str) -> Settings:
    """Settings of a service whose database is `name` in the session's Postgres."""
    endpoints = load_endpoints(postgres)
    passwords = {f"database_password_{role}": word for role, word in endpoints.passwords.items()}
    known = {key: word for key, word in passwords.items() if key in Settings.model_fields}
    url = embedded_url(endpoints, "scanstream_migrator", name)
    return load_settings(data_dir=postgres.data_dir, database_url=url, **known)
