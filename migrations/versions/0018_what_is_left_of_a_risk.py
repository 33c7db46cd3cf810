"""What is left of a risk at a later moment."""

from migrations.scripts import run

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0018.sql")
