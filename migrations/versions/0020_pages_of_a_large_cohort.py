"""Views that pages of a large cohort read, so that no step of theirs goes through all visits for each row."""

from alembic import op

from migrations.scripts import run

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_index("receipts_outcome_ix", "receipts", ["outcome"], schema="core")
    run("views_0020.sql")
