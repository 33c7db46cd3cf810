"""Alembic's entry: migrations run on the connection that `stream.storage.database.upgrade` hands over."""

from alembic import context
from sqlalchemy import Connection

from stream.storage.schema import metadata

SCHEMAS = ("core", "vault")


def run(connection: Connection) -> None:
    """Migrate in one transaction; only the schemas of the tables are compared by `alembic check`."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_schemas=True,
        include_name=lambda name, kind, _: name in SCHEMAS if kind == "schema" else True,
        version_table_schema="core",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
