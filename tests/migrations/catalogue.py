"""What Postgres itself says of a database: its views and functions, its tables, and who may do what."""

from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from stream.endpoints import database_url
from stream.settings import Settings
from stream.storage.database import MIGRATIONS, Connection
from stream.storage.roles import ensure_roles

Catalogue = dict[str, tuple[Any, ...]]
"""What something is, by kind and name."""

DEFINITIONS = {
    "view": """SELECT c.oid::regclass::text, pg_get_viewdef(c.oid), obj_description(c.oid, 'pg_class'), ARRAY(
        SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ': ' || col_description(c.oid, a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum)
      FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace::regnamespace::text IN ('core', 'scanstream')""",
    "function": """SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc')
      FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('core', 'scanstream')""",
    "trigger": """SELECT t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t
      WHERE NOT t.tgisinternal""",
}
TABLES = {
    "table": """SELECT c.oid::regclass::text, c.relkind, c.reloptions, obj_description(c.oid, 'pg_class'), ARRAY(
        SELECT concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation,
          a.attnotnull, a.attidentity, a.attstorage, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
      FROM pg_class c
      WHERE c.relkind IN ('r', 'S') AND c.relnamespace::regnamespace::text IN ('core', 'vault', 'scanstream')""",
    "constraint": """SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace::regnamespace::text IN ('core', 'vault')""",
    "index": """SELECT schemaname || '.' || indexname, indexdef FROM pg_indexes
      WHERE schemaname IN ('core', 'vault')""",
}
RIGHTS = {
    "rights on": """SELECT c.oid::regclass::text, ARRAY(SELECT unnest(c.relacl)::text ORDER BY 1) FROM pg_class c
      WHERE c.relkind IN ('r', 'v', 'S') AND c.relnamespace::regnamespace::text IN ('core', 'vault', 'scanstream')""",
    "rights on schema": """SELECT n.nspname, ARRAY(SELECT unnest(n.nspacl)::text ORDER BY 1) FROM pg_namespace n
      WHERE n.nspname IN ('core', 'vault', 'scanstream', 'public')""",
    "right to call": """SELECT p.oid::regprocedure::text, ARRAY(SELECT unnest(p.proacl)::text ORDER BY 1)
      FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('core', 'scanstream')""",
    "rights on database": """SELECT '', ARRAY(SELECT unnest(datacl)::text ORDER BY 1) FROM pg_database
      WHERE datname = current_database()""",
}
HISTORY = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
"""Every version the schema ever had, the first first."""


def definitions(connection: Connection) -> Catalogue:
    """Every view, function and trigger: its definition, its comment and those of its columns."""
    return _answers(connection, DEFINITIONS)


def everything(connection: Connection) -> Catalogue:
    """Every view, function, trigger, table, constraint, index and right."""
    return _answers(connection, DEFINITIONS | TABLES | RIGHTS)


def upgrade_to(settings: Settings, *revisions: str) -> None:
    """Migrate a blank database to versions of the past, one after the other, as the code of those times did."""
    ensure_roles(settings)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = sa.create_engine(database_url(settings, "migrator"))
    for revision in revisions:
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS core"))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    engine.dispose()


def _answers(connection: Connection, queries: dict[str, str]) -> Catalogue:
    answers = [
        (f"{kind} {name}", tuple(rest)) for kind, query in queries.items() for name, *rest in connection.execute(query)
    ]
    catalogue = dict(answers)
    assert len(catalogue) == len(answers), "two things share a name here, and one would hide the other"
    return catalogue
