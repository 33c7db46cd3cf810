"""What people want done with what was set aside, and what they ask the pipeline."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.scripts import run
from migrations.tables_0001.columns import BIGINT, ID, INT, LATER, ROW, TEXT, TIME, Index, Table, col

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


SENDERS = Table(
    "senders",
    "Who sends files: kept up to date with every file, for to count receipts takes long",
    [
        col("calling_ae", TEXT, "AE title that called"),
        col("peer", TEXT, "Its address at the last file"),
        col("files", BIGINT, "Files that it was told success for"),
        col("first_received_at", TIME, "When its first file was received"),
        col("last_received_at", TIME, "When its last file was received"),
    ],
    key=("calling_ae",),
)
SENT_BEFORE = """INSERT INTO core.senders
SELECT a.calling_ae, (array_agg(a.peer ORDER BY r.received_at DESC))[1], count(*), min(received_at), max(received_at)
FROM core.receipts r JOIN core.associations a USING (association_id) GROUP BY 1"""
MADE_BEFORE = """UPDATE core.assembly w SET begun_at = coalesce(r.accepted_at, w.changed_at),
  modality = CASE WHEN r.scan_uid IS NOT NULL THEN ARRAY(
    SELECT DISTINCT i.modality FROM core.revision_instances ri JOIN core.instances i USING (instance_uid)
    WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision ORDER BY 1) END
FROM core.assembly b LEFT JOIN core.revisions r ON r.scan_uid = b.scan_uid AND r.revision = b.revision
WHERE b.scan_uid = w.scan_uid AND b.revision = w.revision"""


def upgrade() -> None:
    """Go to this version."""
    WISHES.make()
    SENDERS.make()
    op.execute(SENT_BEFORE)
    _times_and_modality()
    _receipts()
    run("views_0014.sql")


def _times_and_modality() -> None:
    begun = sa.Column(
        "begun_at", TIME, nullable=False, server_default=sa.text("now()"), comment="When the first of it was there"
    )
    op.add_column("assembly", begun, schema="core")
    measured = sa.Column("measured_at", TIME, nullable=True, comment="When it was measured")
    op.add_column("assembly", measured, schema="core")
    what = "Its modalities, sorted; null: the revision is not made"
    op.add_column("assembly", sa.Column("modality", ARRAY(sa.Text()), nullable=True, comment=what), schema="core")
    op.execute(MADE_BEFORE)
    op.create_index("assembly_begun_ix", "assembly", ["begun_at", "scan_uid", "revision"], schema="core")


def _receipts() -> None:
    """Indexes for what was received of a scan first, and for what a release looks up."""
    op.drop_index("receipts_scan_uid_ix", "receipts", schema="core")
    op.create_index("receipts_scan_uid_ix", "receipts", ["scan_uid", "received_at"], schema="core")
    op.create_index("receipts_sha256_ix", "receipts", ["sha256"], schema="core")
    waiting = sa.text("outcome = 'set_aside'")
    op.create_index("receipts_set_aside_ix", "receipts", ["content_sha256"], schema="core", postgresql_where=waiting)
