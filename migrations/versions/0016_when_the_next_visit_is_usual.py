"""When the next visit is usual; visits and lesions as they stood at a moment."""

from migrations.scripts import run

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0016.sql")
