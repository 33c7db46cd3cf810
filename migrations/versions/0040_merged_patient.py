"""A view says which patients were merged into others, so that who asks for the old pseudonym is led to the new one."""

from migrations.scripts import run

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    run("views_0040.sql")
