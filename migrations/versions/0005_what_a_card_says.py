"""A view of the cards of the weights in service."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1]


def upgrade() -> None:
    """Go to this version."""
    # On the driver's own cursor: nothing in this file is a bind parameter.
    op.get_bind().connection.cursor().execute((SQL / "views_0005.sql").read_text())
