"""Which sizes came out is told in a time that grows with the visits, whatever the planner takes for rare."""

from migrations.scripts import run

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0041.sql")
