"""What versions do with files of SQL beside them, and how the columns of a view get their words."""

from collections.abc import Mapping
from pathlib import Path

from alembic import op

FOLDER = Path(__file__).parent


def run(name: str) -> None:
    """Run the file `name`, on the driver's own cursor: nothing in it is a bind parameter."""
    op.get_bind().connection.cursor().execute((FOLDER / name).read_text())


def describe(words: Mapping[str, str], *views: str) -> None:
    """Say what every column of `views` in the schema scanstream is; KeyError for one without words."""
    cursor = op.get_bind().connection.cursor()
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'scanstream' "
        "AND table_name = ANY(%s)",
        [list(views)],
    )
    for view, column in cursor.fetchall():
        text = words[column].replace("'", "''")
        cursor.execute(f"COMMENT ON COLUMN scanstream.{view}.{column} IS '{text}'")
