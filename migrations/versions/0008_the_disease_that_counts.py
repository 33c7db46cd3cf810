"""What a model saw of a scan names the disease that the clinical facts say, whenever they came."""

from alembic import op

from migrations.scripts import run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0008.sql")
    op.execute(
        "COMMENT ON COLUMN core.features.disease IS 'Disease that the scan itself tells; clinical facts go before it'"
    )
