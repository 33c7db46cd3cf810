"""The login roles of docs/interfaces.md 5: made if missing, their passwords brought up to date; safe to repeat."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from stream.endpoints import libpq_url, role_passwords
from stream.errors import CannotStart
from stream.settings import Settings
from stream.storage import walls
from stream.storage.locks import lock_roles


def ensure_roles(settings: Settings) -> None:
    """Make the service's roles with the migrator's rights, or find that they are there; errors as `create_roles`."""
    create_roles(libpq_url(settings, "migrator"), role_passwords(settings))


def create_roles(url: str, passwords: Mapping[str, str]) -> None:
    """Make a login role `scanstream_<role>` for every role in `passwords` (role → password).

    `url` (libpq form) logs in as one who holds CREATEROLE. A role that can already log in with its password is left
    alone, so a migrator that did not make the roles need not be allowed to alter them. Raises CannotStart where a
    role cannot be made.
    """
    with psycopg.connect(url) as connection:
        lock_roles(connection)
        for role, password in passwords.items():
            _ensure_role(connection, f"scanstream_{role}", password)


def ensure_database(url: str, database: str, owner: str) -> None:
    """Make `database` owned by role `owner` if it does not exist, with its walls; `url` logs in as superuser.

    The service's roles are there already.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
            command = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(owner))
            connection.execute(command)
    with psycopg.connect(url, dbname=database) as connection:
        lock_roles(connection)
        connection.execute(walls.statements().encode())


def answers(url: str) -> bool:
    """Whether Postgres lets us in at `url` and answers a query."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def check_postgres(settings: Settings) -> None:
    """Raise CannotStart where the migrator cannot log in to the Postgres of SCANSTREAM_DATABASE_URL."""
    url = libpq_url(settings, "migrator")
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise CannotStart(
            f"Postgres cannot be used ({reason}): start it, or correct SCANSTREAM_DATABASE_URL."
        ) from None


def _ensure_role(connection: psycopg.Connection, name: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    if known and _can_log_in(connection, name, password):
        return
    verb = "ALTER" if known else "CREATE"
    # only the verifier travels, so that the server's log never holds a password
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    command = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(verifier))
    try:
        connection.execute(command)
    except psycopg.errors.InsufficientPrivilege:
        raise CannotStart(
            f"{connection.info.user} may not {verb.lower()} role {name}: grant it CREATEROLE, "
            f"or let an administrator {verb.lower()} the role with the password of the settings."
        ) from None


def _can_log_in(connection: psycopg.Connection, name: str, password: str) -> bool:
    try:
        psycopg.connect(connection.info.dsn, user=name, password=password, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
