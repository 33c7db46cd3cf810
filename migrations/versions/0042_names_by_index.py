"""Whether a text names anybody is found by the index also while patients come in."""

from migrations.scripts import run

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0042.sql")
