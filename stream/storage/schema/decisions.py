"""What was set aside, what people want done with it, and what was decided."""

import sqlalchemy as sa

from stream.storage.schema.base import ADDED, LATER, Id, Time, col, hashes, key, metadata

set_asides = sa.Table(
    "set_asides",
    metadata,
    key("item_id", sa.Text, "Names the item for a person's decision"),
    col("scan_uid", Id, "Scan, where known", null=True),
    col("revision", sa.Integer, "Revision, where it is one", null=True),
    col("sha256", sa.Text, "sha256 of the file or message, where it is one", null=True),
    col("reason_code", sa.Text, "One of the reason codes"),
    col("reason", sa.Text, "What a person should look at"),
    col("set_aside_at", Time, "When"),
    col("decision", sa.Text, "released or rejected", null=True, info=LATER),
    col("decided_by", sa.Text, "Who decided", null=True, info=LATER),
    col("decided_at", Time, "When it was decided", null=True, info=LATER),
    *hashes(later=True),
    col("patient_id", Id, "Patient as received, where no scan tells it", null=True, info=ADDED),
    col("doubt", sa.Text, "First item that names the same person; null: no identity_doubt", null=True, info=ADDED),
    sa.Index("set_asides_scan_uid_ix", "scan_uid", "revision"),
    sa.Index("set_asides_undecided_ix", "item_id", postgresql_where=sa.text("decision IS NULL")),
    sa.Index("set_asides_doubt_ix", "doubt", postgresql_where=sa.text("doubt IS NOT NULL")),
    comment="What was kept but not processed, with the reason",
)

wishes = sa.Table(
    "wishes",
    metadata,
    key("item_id", sa.Text, "Item that it is about"),
    key("number", sa.Integer, "Counts what was wanted of this item"),
    col("decision", sa.Text, "released or rejected: what is wanted"),
    col("patient_id", Id, "Pseudonym of the patient whose it is, where that was said", null=True),
    col("acquired", sa.Text, "When it was acquired, where that was said, on the clock of the site", null=True),
    col("wanted_by", sa.Text, "Who wants it"),
    col("login", sa.Text, "Role that was logged in"),
    col("why", sa.Text, "Why, in their words"),
    col("wanted_at", Time, "When"),
    col("answered_at", Time, "When it was done or refused; null: it waits", null=True, info=LATER),
    col("answer", sa.Text, "done, or why it was not done", null=True, info=LATER),
    *hashes(later=True),
    sa.CheckConstraint("decision IN ('released', 'rejected')", name="decision"),
    sa.Index("wishes_waiting_uq", "item_id", unique=True, postgresql_where=sa.text("answered_at IS NULL")),
    comment="What people want done with what was set aside; the gateway does it, and answers",
)
