"""First tables, views and rights."""

from alembic import op

from migrations.scripts import run
from migrations.tables_0001 import facts, forecasts, standing, work

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.execute("CREATE SCHEMA IF NOT EXISTS vault")
    op.execute("CREATE SCHEMA IF NOT EXISTS scanstream")
    op.execute("CREATE SEQUENCE core.fold_ids")
    for table in (*facts.TABLES, *standing.TABLES, *forecasts.TABLES, *work.TABLES):
        table.make()
    op.execute("ALTER TABLE core.states ALTER COLUMN state SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE core.heads SET (fillfactor = 70)")
    run("views_0001.sql")
    run("rights_0001.sql")
