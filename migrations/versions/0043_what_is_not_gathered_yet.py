"""What no revision has yet, and how many files came, are kept instead of looked for among all files."""

from migrations.scripts import run
from migrations.tables_0001.columns import ID, TIME, Table, col

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

UNGATHERED = Table(
    "ungathered",
    "Accepted instances that no revision has yet: to look for them among all would take longer with every file",
    [
        col("instance_uid", ID, "Pseudonym of the SOP Instance UID"),
        col("scan_uid", ID, "Scan it belongs to"),
        col("accepted_at", TIME, "When the gateway answered success"),
    ],
    key=("instance_uid",),
)


def upgrade() -> None:
    """Go to this version."""
    UNGATHERED.make()
    run("views_0043.sql")
