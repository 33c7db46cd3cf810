"""What is pending also names revisions that are still on their way when all their files have an end in another one."""

from migrations.scripts import run

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0039.sql")
