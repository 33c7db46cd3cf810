"""Facts of identity: which events were accepted, and what they made of patients and scans."""

import sqlalchemy as sa

from stream.storage.schema.base import LATER, Id, Time, col, hashes, key, metadata

identity_events = sa.Table(
    "identity_events",
    metadata,
    key("seq", sa.BigInteger, "Order in which they take effect"),
    col("event_id", sa.Text, "The sender's id"),
    col("kind", sa.Text, "merge, unmerge or move"),
    col("patient_id", Id, "Patient it is about", null=True),
    col("other_id", Id, "The other patient", null=True),
    col("scan_uid", Id, "Scan that is moved", null=True),
    col("by", sa.Text, "Who asked for it"),
    col("accepted_at", Time, "When it was accepted"),
    col("outcome", sa.Text, "done or refused", null=True, info=LATER),
    col("applied_at", Time, "When it took effect", null=True, info=LATER),
    *hashes(later=True),
    sa.UniqueConstraint("event_id"),
    sa.Index("identity_events_waiting_ix", "seq", postgresql_where=sa.text("applied_at IS NULL")),
    sa.Index("identity_events_scan_uid_ix", "scan_uid", postgresql_where=sa.text("scan_uid IS NOT NULL")),
    comment="Merges, unmerges and moves in the order they were accepted",
)

aliases = sa.Table(
    "aliases",
    metadata,
    key("patient_id", Id, "Absorbed patient"),
    col("into_patient_id", Id, "Patient that absorbed"),
    col("seq", sa.BigInteger, "Identity event"),
    *hashes(),
    sa.Index("aliases_into_patient_id_ix", "into_patient_id"),
    comment="Which patient was merged into which: a tree",
)

assignments = sa.Table(
    "assignments",
    metadata,
    key("scan_uid", Id, "Moved scan"),
    col("patient_id", Id, "Patient it belongs to"),
    col("seq", sa.BigInteger, "Identity event"),
    *hashes(),
    sa.Index("assignments_patient_id_ix", "patient_id"),
    comment="Scans that were moved to another patient",
)
