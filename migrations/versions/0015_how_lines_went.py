"""What became of each line of therapy: enrolment, verdicts in days since the baseline, and outcomes."""

from migrations.scripts import run

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0015.sql")
