"""The commands `db …`: the database for other clients, and its migrations."""

from typing import Annotated

import typer

from stream import logs
from stream.errors import CannotStart
from stream.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the group db."""
    db = typer.Typer(help="The database for other clients, and its migrations.", no_args_is_help=True)
    db.command("url", epilog='Example: psql "$(scanstream db url)"')(url)
    db.command("upgrade", epilog="Example: scanstream db upgrade")(upgrade)
    db.command("walls", epilog="Example: scanstream db walls | psql --dbname scanstream --username postgres")(walls)
    app.add_typer(db, name="db", epilog='Example: psql "$(scanstream db url --role reader)"')


def url(role: Annotated[str, typer.Option(help="Role to log in as, without the prefix.")] = "reader") -> None:
    """Address for psql, pandas and other clients."""
    from stream.endpoints import libpq_url

    print(libpq_url(load_settings(), role))


def walls() -> None:
    """Statements for the administrator of a Postgres elsewhere, which keep readers from holding up the service."""
    from stream.storage.walls import statements

    print(statements())


def upgrade() -> None:
    """Bring the database to the version of this ScanStream."""
    from stream.storage import database

    logs.setup("db")
    settings = load_settings()
    try:
        database.upgrade(settings)
        print(f"The database has version {database.version(settings)}.")
    except database.Outage:
        raise CannotStart("Postgres does not answer: start it, or correct SCANSTREAM_DATABASE_URL.") from None
