"""What Alembic does for us on a connection of ours: migrate to the newest version, and compare tables and code."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def migrate(connection: sa.Connection, migrations: Path) -> None:
    """Bring the schema to the newest version in the folder `migrations`."""
    command.upgrade(_config(connection, migrations), "head")


def compare(connection: sa.Connection, migrations: Path) -> None:
    """Raise when the schema and the tables of the code differ."""
    command.check(_config(connection, migrations))


def _config(connection: sa.Connection, migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["connection"] = connection
    return config
