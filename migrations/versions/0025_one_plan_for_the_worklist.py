"""The plan of a worklist's row is made once: a fold asks for one row after the other."""

from migrations.scripts import run

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0025.sql")
