"""What was set aside for one cause, such as all files of a study without a date, is told as one."""

from migrations.scripts import run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0011.sql")
