"""What followed forecasts of risks and of sizes, and what models see of each visit."""

from migrations.scripts import run

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0019.sql")
