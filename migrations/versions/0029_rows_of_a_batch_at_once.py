"""The rows of a worklist follow the folds of a batch by one question for all of them."""

from migrations.scripts import run

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0029.sql")
