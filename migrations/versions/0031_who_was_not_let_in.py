"""Who was not let in at the DICOM port, why, and how often."""

from migrations.scripts import run
from migrations.tables_0001.columns import BIGINT, TEXT, TIME, Table, col

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

REFUSALS = Table(
    "refusals",
    "Senders that were not let in, by AE title, address and cause; the latest thousand, for 90 days",
    [
        col("calling_ae", TEXT, "AE title that called; empty: none was said, or many were"),
        col("peer", TEXT, "Its address; empty: many"),
        col("cause", TEXT, "Why it was not let in, as a code"),
        col("reason", TEXT, "Why, in words"),
        col("times", BIGINT, "How often"),
        col("first_at", TIME, "When first"),
        col("last_at", TIME, "When last"),
    ],
    key=("calling_ae", "peer", "cause"),
)


def upgrade() -> None:
    """Go to this version."""
    REFUSALS.make()
    run("views_0031.sql")
