"""Connections to Postgres, and bringing its schema to the version of this code."""

import datetime as dt
import logging
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import psycopg
import sqlalchemy as sa
from psycopg.abc import PQGen
from psycopg.types.json import set_json_dumps

from stream.endpoints import database_url, libpq_url
from stream.errors import CannotStart
from stream.settings import Settings
from stream.storage.folding import active_weights
from stream.storage.roles import ensure_roles
from stream.storage.rows import only_row
from stream.timeline.digest import canonical

# that a rollback failed too says nothing beside the outage, which is raised
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

Connection = psycopg.Connection
TimedOut = (psycopg.errors.TransactionTimeout, psycopg.errors.IdleInTransactionSessionTimeout)
"""What the driver raises where a transaction took longer than TIMEOUTS: we were stopped, or held up by a lock."""
Outage = (psycopg.OperationalError, psycopg.InterfaceError, *TimedOut)
"""What the driver raises while Postgres is away or has given us up: wait, connect again, repeat."""

OtherSchema = (
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
)
"""What the driver raises where the database was never migrated, or is of another version than this code."""
ReaderOutage = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.ProgrammingError,
    sa.exc.TimeoutError,
)
"""What an engine raises in either case, and where all of its connections stayed taken."""
Refused = sa.exc.DataError
"""A function did not do what was asked of it: its message is a sentence for whoever asked."""
CONNECT_SECONDS, PING_SECONDS, ANSWER_SECONDS = 2, 0.5, 4
"""A page that waits longer for a host that does not answer looks broken: no two of them are five."""
Answer = TypeVar("Answer")

SILENCE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""A server that went without a word counts as away after some 25 s; left to itself the kernel waits for hours."""

MIGRATIONS = Path(__file__).parents[2] / "migrations"

# A worker that stops in the middle of a transaction must not hold its locks for long (docs/protocol.md 2).
TIMEOUTS = "-c transaction_timeout=10s -c idle_in_transaction_session_timeout=10s"
UTC = "-c timezone=UTC"

SERVICE = "INSERT INTO core.service VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value"

set_json_dumps(lambda value: canonical(value).decode())


def connect(settings: Settings, role: str, *, timeouts: bool = True) -> Connection:
    """A connection as `role` in autocommit, so that `transaction()` is one; raises an Outage while Postgres is away.

    Without `timeouts` a check that only reads may take its time.
    """
    options = f"{UTC} {TIMEOUTS}" if timeouts else UTC
    return psycopg.connect(
        libpq_url(settings, role), autocommit=True, options=options, application_name=f"scanstream-{role}", **SILENCE
    )


class ReaderConnection(psycopg.Connection):
    """A connection that gives a server up which does not answer, frozen or unreachable, and is closed then.

    Timeouts of the server itself would not do: a frozen one does not count them.
    """

    answer_seconds: float = ANSWER_SECONDS

    @classmethod
    def open(cls, settings: Settings, role: str, answer_seconds: float = ANSWER_SECONDS) -> Self:
        """Log in as `role`; every answer may take `answer_seconds`, else an Outage is raised."""
        url, name = libpq_url(settings, role), f"scanstream-{role}"
        opened = cls.connect(url, connect_timeout=CONNECT_SECONDS, application_name=name)
        opened.answer_seconds = answer_seconds
        return opened

    def snapshot(self) -> str:
        """A text that is another one whenever something was committed but that processes still run."""
        (text,) = only_row(self.execute("SELECT changes FROM scanstream.pulse"))
        return str(text)

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """What the driver waits by."""
        try:
            return super().wait(gen, interval, timeout or self.answer_seconds)
        except psycopg.OperationalError:
            self.pgconn.finish()  # after a timeout nobody knows what the next answer would be to
            raise


def engine(settings: Settings, role: str) -> sa.Engine:
    """A pooled SQLAlchemy engine as `role`, for readers; it raises ReaderOutage while Postgres is away or frozen."""
    opened = partial(ReaderConnection.open, settings, role, PING_SECONDS)
    made = sa.create_engine(database_url(settings, role), pool_pre_ping=True, creator=opened)
    sa.event.listen(made, "checkout", lambda connection, *_: _answer_within(connection, ANSWER_SECONDS))
    sa.event.listen(made, "checkin", lambda connection, *_: _answer_within(connection, PING_SECONDS))
    return made


def _answer_within(connection: ReaderConnection | None, seconds: float) -> None:
    """While it lies in the pool it is only asked whether it is still there; one that is not is None."""
    if connection is not None:
        connection.answer_seconds = seconds


def allow_long_reads(connection: Connection) -> None:
    """No timeout of transactions on this connection any more: it only reads, and locks nothing."""
    connection.execute("SET transaction_timeout = 0")


def upgrade(settings: Settings) -> None:
    """Make roles, migrate, note what all parts share, put the weights that come with the code in service.

    Raises CannotStart when the database is newer than this code.
    """
    from stream.storage.alembic_commands import migrate  # a tenth of a second that only this needs

    ensure_roles(settings)
    migrator = sa.create_engine(database_url(settings, "migrator"))
    with migrator.begin() as connection:
        _refuse_newer(connection)
        connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS core"))
        migrate(connection, MIGRATIONS)
        names = ("time_zone", "visit_window_days", "criteria")
        shared = {name: str(getattr(settings, name)) for name in names}
        connection.execute(sa.text(SERVICE), [{"name": name, "value": value} for name, value in shared.items()])
        driver = cast(Connection, connection.connection.driver_connection)
        active_weights.install(driver, active_weights.committed_cards(), dt.datetime.now(dt.UTC))
    migrator.dispose()


def check(settings: Settings) -> None:
    """Raise when tables and code differ (alembic's own comparison)."""
    from stream.storage.alembic_commands import compare

    with sa.create_engine(database_url(settings, "migrator")).connect() as connection:
        compare(connection, MIGRATIONS)


def version(settings: Settings, role: str = "migrator") -> str | None:
    """The schema's version, None where there is none yet; CannotStart when it is newer than this code."""
    with sa.create_engine(database_url(settings, role)).connect() as connection:
        return _refuse_newer(connection)


def check_schema(settings: Settings) -> None:
    """Raise CannotStart where Postgres does not answer, or its schema is missing or newer than this code."""
    try:
        found = version(settings, "worker")  # on a machine of its own a worker has no other password
    except sa.exc.OperationalError:
        raise CannotStart("Postgres does not answer: start it, or correct SCANSTREAM_DATABASE_URL.") from None
    if found is None:
        raise CannotStart("The database has no tables yet: run `scanstream db upgrade`.")


def _refuse_newer(connection: sa.Connection) -> str | None:
    if connection.scalar(sa.text("SELECT to_regclass('core.alembic_version')")) is None:
        return None
    found: str | None = connection.scalar(sa.text("SELECT version_num FROM core.alembic_version"))
    if found is not None and not any((MIGRATIONS / "versions").glob(f"{found}_*.py")):
        raise CannotStart(
            f"The database has version {found}, which this ScanStream does not know: install a newer ScanStream."
        )
    return found
