"""Files that name the same person beside a patient are one question, in however many scans they came."""

import sqlalchemy as sa
from alembic import op

from migrations.scripts import run

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version; what was set aside before is decided scan by scan."""
    comment = "First item that names the same person; null: no identity_doubt"
    op.add_column("set_asides", sa.Column("doubt", sa.Text(), nullable=True, comment=comment), schema="core")
    told = sa.text("doubt IS NOT NULL")
    op.create_index("set_asides_doubt_ix", "set_asides", ["doubt"], schema="core", postgresql_where=told)
    run("views_0026.sql")
