"""Facts that name their patient are found where the originals are; an original ID is found by an index."""

from alembic import op

from migrations.scripts import run

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_index("patients_mrn_ix", "patients", ["mrn"], schema="vault")
    run("views_0036.sql")
