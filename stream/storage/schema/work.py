"""Work in progress and the vault: neither facts nor derived, and covered by no hash."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSON

from stream.storage.schema.base import Id, Time, col, key, metadata, scan_revision

assembly = sa.Table(
    "assembly",
    metadata,
    *scan_revision(),
    col("status", sa.Text, "receiving, measuring, waiting, applied or set_aside"),
    col("due_at", Time, "When it counts as complete", null=True),
    col("completeness", sa.Text, "Why it will be taken as complete"),
    col("reason_code", sa.Text, "One of the reason codes", null=True),
    col("reason", sa.Text, "The reason in words", null=True),
    col("attempts", sa.Integer, "Deaths of a worker that had only this in hand", server_default=sa.text("0")),
    col("changed_at", Time, "When the status changed"),
    col("begun_at", Time, "When the first of it was there", server_default=sa.text("now()")),
    col("measured_at", Time, "When it was measured", null=True),
    col("modality", ARRAY(sa.Text), "Its modalities, sorted; null: the revision is not made", null=True),
    sa.CheckConstraint("status IN ('receiving', 'measuring', 'waiting', 'applied', 'set_aside')", name="status"),
    sa.Index(
        "assembly_open_ix",
        "status",
        "due_at",
        postgresql_where=sa.text("status IN ('receiving', 'measuring', 'waiting')"),
    ),
    sa.Index("assembly_begun_ix", "begun_at", "scan_uid", "revision"),
    sa.Index("assembly_unapplied_ix", "scan_uid", postgresql_where=sa.text("status <> 'applied'")),
    comment="How far each revision is on its way",
)

associations = sa.Table(
    "associations",
    metadata,
    key("association_id", sa.Text, "Names the association"),
    col("calling_ae", sa.Text, "AE title that called"),
    col("peer", sa.Text, "Its address"),
    col("closed_at", Time, "When it ended; null: not known to have ended", null=True),
    comment="DICOM associations that brought instances",
)

receipts = sa.Table(
    "receipts",
    metadata,
    key("receipt_id", sa.Text, "Name of the journal record"),
    col("association_id", sa.Text, "Association that brought the file"),
    col("sha256", sa.Text, "sha256 of the file"),
    col("content_sha256", sa.Text, "sha256 of the content"),
    col("scan_uid", Id, "Scan, where it could be told", null=True),
    col("outcome", sa.Text, "accepted, duplicate or set_aside"),
    col("received_at", Time, "When success was answered"),
    sa.CheckConstraint("outcome IN ('accepted', 'duplicate', 'set_aside')", name="outcome"),
    sa.Index("receipts_scan_uid_ix", "scan_uid", "received_at"),
    sa.Index("receipts_sha256_ix", "sha256"),
    sa.Index("receipts_received_at_ix", "received_at"),
    sa.Index("receipts_set_aside_ix", "content_sha256", postgresql_where=sa.text("outcome = 'set_aside'")),
    comment="Every file a sender was told success for",
)

ungathered = sa.Table(
    "ungathered",
    metadata,
    key("instance_uid", Id, "Pseudonym of the SOP Instance UID"),
    col("scan_uid", Id, "Scan it belongs to"),
    col("accepted_at", Time, "When the gateway answered success"),
    comment="Accepted instances that no revision has yet: to look for them among all would take longer with every file",
)

senders = sa.Table(
    "senders",
    metadata,
    key("calling_ae", sa.Text, "AE title that called"),
    col("peer", sa.Text, "Its address at the last file"),
    col("first_received_at", Time, "When its first file was received"),
    col("last_received_at", Time, "When its last file was received"),
    col("accepted", sa.BigInteger, "Its files that were accepted", server_default=sa.text("0")),
    col("duplicate", sa.BigInteger, "Its files that were there already", server_default=sa.text("0")),
    col("set_aside", sa.BigInteger, "Its files that wait for a person, or were rejected", server_default=sa.text("0")),
    comment="Who sends files: kept up to date with every file, for to count receipts takes long",
)

refusals = sa.Table(
    "refusals",
    metadata,
    key("calling_ae", sa.Text, "AE title that called; empty: none was said, or many were"),
    key("peer", sa.Text, "Its address; empty: many"),
    key("cause", sa.Text, "Why it was not let in, as a code"),
    col("reason", sa.Text, "Why, in words"),
    col("times", sa.BigInteger, "How often"),
    col("first_at", Time, "When first"),
    col("last_at", Time, "When last"),
    comment="Senders that were not let in, by AE title, address and cause; the latest thousand, for 90 days",
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="Order"),
    col("at", Time, "When"),
    col("who", sa.Text, "Who"),
    col("what", sa.Text, "What was done"),
    col("subject", sa.Text, "To what", null=True),
    col("why", sa.Text, "Why, in their words", null=True),
    col("snapshot", sa.Text, "What was visible then", null=True),
    col("digest", BYTEA, "Hash over this row and the one before"),
    comment="What people did and were shown, append-only",
)

suspects = sa.Table(
    "suspects",
    metadata,
    key("kind", sa.Text, "scan, timeline, message or identity"),
    key("id", Id, "scan_uid, patient_id, sha256 or seq"),
    key("revision", sa.Integer, "Revision of a scan, 0 for a timeline"),
    col("attempts", sa.Integer, "Deaths of a worker that had only this in hand"),
    col("since", Time, "When a worker first died with it in hand"),
    comment="What workers had in hand when they died: taken one at a time from then on",
)

processes = sa.Table(
    "processes",
    metadata,
    key("process_id", sa.Text, "Names one start of a process"),
    col("name", sa.Text, "What it is called: gateway, worker-1"),
    col("part", sa.Text, "gateway or worker"),
    col("device", sa.Text, "cpu or the name of the GPU that it computes on; null: it computes nothing", null=True),
    col("version", sa.Text, "Version of the code that it runs"),
    col("started_at", Time, "When it started, by the clock of the database"),
    col("heard_at", Time, "When it last said that it runs"),
    col("beats", sa.BigInteger, "How many times it said so while it was heard: scanstream.pulse takes them off"),
    col("spooled", sa.Integer, "Records in its spool; null: it has none", null=True),
    col("disks", JSON, "File systems that it writes to: folders, free_bytes, total_bytes"),
    sa.CheckConstraint("part IN ('gateway', 'worker')", name="part"),
    comment="Processes that run, or did within a day and have not ended in order; each keeps its row up to date",
)

service = sa.Table(
    "service",
    metadata,
    key("name", sa.Text, "Name of the value"),
    col("value", sa.Text, "Value"),
    comment="Values of the service that views need, such as its time zone",
)

patients = sa.Table(
    "patients",
    metadata,
    key("patient_id", Id, "Pseudonym"),
    col("issuer", sa.Text, "Issuer of the hospital's ID"),
    col("mrn", sa.Text, "The hospital's ID"),
    col("name", sa.Text, "Name as first received", null=True),
    col("birth_date", sa.Text, "Birth date as first received", null=True),
    col("sex", sa.Text, "Sex as first received", null=True),
    sa.Index("patients_mrn_ix", "mrn"),
    sa.Index("patients_spellings_ix", sa.text("core.spellings(mrn, name, birth_date)"), postgresql_using="gin"),
    schema="vault",
    comment="Who a pseudonym is",
)

doubts = sa.Table(
    "doubts",
    metadata,
    key("item_id", sa.Text, "The file that was set aside"),
    col("patient_id", Id, "Pseudonym that the file names"),
    col("name", sa.Text, "Name in the file", null=True),
    col("birth_date", sa.Text, "Birth date in the file", null=True),
    col("sex", sa.Text, "Sex in the file", null=True),
    sa.Index("doubts_patient_id_ix", "patient_id"),
    sa.Index("doubts_spellings_ix", sa.text("core.spellings(NULL::text, name, birth_date)"), postgresql_using="gin"),
    schema="vault",
    comment="Who files name that contradict what was known of a patient; a released one is the patient too",
)

vault_scans = sa.Table(
    "scans",
    metadata,
    key("scan_uid", Id, "Pseudonym"),
    col("study_instance_uid", sa.Text, "The original Study Instance UID"),
    schema="vault",
    comment="Which study a scan is",
)
