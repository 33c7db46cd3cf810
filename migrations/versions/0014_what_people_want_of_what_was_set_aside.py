"""What people want done with what was set aside, and what they ask the pipeline."""

import sqlalchemy as sa
from alembic import op

from migrations.scripts import run
from migrations.tables_0001.columns import ID, INT, LATER, ROW, TEXT, TIME, Index, Table, col

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WISHES = Table(
    "wishes",
    "What people want done with what was set aside; the gateway does it, and answers",
    [
        col("item_id", TEXT, "Item that it is about"),
        col("number", INT, "Counts what was wanted of this item"),
        col("decision", TEXT, "released or rejected: what is wanted"),
        col("patient_id", ID, "Pseudonym of the patient whose it is, where that was said", null=True),
        col("acquired", TEXT, "When it was acquired, where that was said, on the clock of the site", null=True),
        col("wanted_by", TEXT, "Who wants it"),
        col("login", TEXT, "Role that was logged in"),
        col("why", TEXT, "Why, in their words"),
        col("wanted_at", TIME, "When"),
        col("answered_at", TIME, "When it was done or refused; null: it waits", null=True),
        col("answer", TEXT, "done, or why it was not done", null=True),
        ROW,
        LATER,
    ],
    key=("item_id", "number"),
    check=("wishes_decision_ck", "decision IN ('released', 'rejected')"),
    indexes=[Index("wishes_waiting_uq", ["item_id"], where="answered_at IS NULL")],
)


def upgrade() -> None:
    """Go to this version."""
    WISHES.make()
    op.create_index("receipts_sha256_ix", "receipts", ["sha256"], schema="core")
    set_aside = sa.text("outcome = 'set_aside'")
    op.create_index("receipts_set_aside_ix", "receipts", ["content_sha256"], schema="core", postgresql_where=set_aside)
    run("views_0014.sql")
