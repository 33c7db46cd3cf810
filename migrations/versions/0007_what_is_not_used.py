"""What a scan holds and is not used: a table of facts, and its view."""

from migrations.scripts import run
from migrations.tables_0001.columns import ID, INT, ROW, TEXT, Table, col

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UNUSED = Table(
    "unused",
    "What was received in a scan revision and is not used",
    [
        col("scan_uid", ID, "Pseudonym of the study"),
        col("revision", INT, "Counts from 1 per scan"),
        col("number", INT, "Counts what is not used of a scan"),
        col("object_kind", TEXT, "Kind of the object that holds it"),
        col("code", TEXT, "Code of it, SCHEME:VALUE; empty where there is none"),
        col("meaning", TEXT, "What the code means, in words that name nobody"),
        col("reason", TEXT, "Why it is not used"),
        ROW,
    ],
    key=("scan_uid", "revision", "number"),
)


def upgrade() -> None:
    """Go to this version."""
    UNUSED.make()
    run("views_0007.sql")
