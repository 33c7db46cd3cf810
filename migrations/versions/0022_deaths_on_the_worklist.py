"""The worklist knows who has died: no progression is news of them, and no scan is due."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.scripts import run
from migrations.tables_0001.columns import BOOL, TIME

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

DIED = "Whether the patient has died"
REFRESH = """SELECT core.refresh_worklist(ARRAY(
  SELECT DISTINCT core.root(received_as) FROM core.outcomes WHERE endpoint = 'death'))"""


def upgrade() -> None:
    """Go to this version."""
    _add("died", BOOL, "Whether the patient has died", server_default=sa.false())
    op.alter_column("worklist", "died", nullable=False, server_default=None, schema="core")
    _add("died_at", TIME, "When the patient died")
    run("views_0022.sql")
    op.execute(REFRESH)


def _add(name: str, kind: Any, comment: str, **options: Any) -> None:
    op.add_column("worklist", sa.Column(name, kind, comment=comment, **options), schema="core")
