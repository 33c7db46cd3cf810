"""A lesion says where a report calls its progression unequivocal: the visit is progressive disease because of it."""

from migrations.scripts import run

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0038.sql")
