"""What came of a forecast of a size is of its own line; by iRECIST progression counts where nobody confirmed it too."""

from migrations.scripts import run

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0044.sql")
