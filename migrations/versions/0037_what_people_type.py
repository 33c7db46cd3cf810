"""What people type is compared with whole names, IDs and birth dates of all patients, found by an index."""

import sqlalchemy as sa
from alembic import op

from migrations.scripts import run

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0037.sql")
    for table, mrn in (("patients", "mrn"), ("doubts", "NULL::text")):
        spelled = sa.text(f"core.spellings({mrn}, name, birth_date)")
        op.create_index(f"{table}_spellings_ix", table, [spelled], schema="vault", postgresql_using="gin")
