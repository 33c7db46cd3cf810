"""The worklist knows who has died: no progression is news of them, and no scan is due."""

import sqlalchemy as sa
from alembic import op

from migrations.scripts import run

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

DIED = "Whether the patient has died"
REFRESH = """SELECT core.refresh_worklist(ARRAY(
  SELECT DISTINCT core.root(received_as) FROM core.outcomes WHERE endpoint = 'death'))"""


def upgrade() -> None:
    """Go to this version."""
    died = sa.Column(
        "died", sa.Boolean(), nullable=False, server_default="false", comment="Whether the patient has died"
    )
    died_at = sa.Column("died_at", sa.DateTime(timezone=True), nullable=True, comment="When the patient died")
    op.add_column("worklist", died, schema="core")
    op.alter_column("worklist", "died", server_default=None, schema="core")
    op.add_column("worklist", died_at, schema="core")
    run("views_0022.sql")
    op.execute(REFRESH)
