"""The tables of version 0001 for work in progress and the audit log, and the vault."""

import sqlalchemy as sa

from migrations.tables_0001.columns import BYTES, ID, INT, TEXT, TIME, Index, Table, col, counted

TABLES = (
    Table(
        "assembly",
        "How far each revision is on its way",
        [
            col("scan_uid", ID, "Pseudonym of the study"),
            col("revision", INT, "Counts from 1 per scan"),
            col("status", TEXT, "receiving, measuring, waiting, applied or set_aside"),
            col("due_at", TIME, "When it counts as complete", null=True),
            col("completeness", TEXT, "Why it will be taken as complete"),
            col("reason_code", TEXT, "One of the reason codes", null=True),
            col("reason", TEXT, "The reason in words", null=True),
            col("attempts", INT, "Deaths of a worker that had only this in hand", server_default=sa.text("0")),
            col("changed_at", TIME, "When the status changed"),
        ],
        key=["scan_uid", "revision"],
        check=("assembly_status_ck", "status IN ('receiving', 'measuring', 'waiting', 'applied', 'set_aside')"),
        indexes=[
            Index("assembly_open_ix", ["status", "due_at"], where="status IN ('receiving', 'measuring', 'waiting')"),
        ],
    ),
    Table(
        "associations",
        "DICOM associations that brought instances",
        [
            col("association_id", TEXT, "Names the association"),
            col("calling_ae", TEXT, "AE title that called"),
            col("peer", TEXT, "Its address"),
            col("closed_at", TIME, "When it ended; null: not known to have ended", null=True),
        ],
        key=["association_id"],
    ),
    Table(
        "receipts",
        "Every file a sender was told success for",
        [
            col("receipt_id", TEXT, "Name of the journal record"),
            col("association_id", TEXT, "Association that brought the file"),
            col("sha256", TEXT, "sha256 of the file"),
            col("content_sha256", TEXT, "sha256 of the content"),
            col("scan_uid", ID, "Scan, where it could be told", null=True),
            col("outcome", TEXT, "accepted, duplicate or set_aside"),
            col("received_at", TIME, "When success was answered"),
        ],
        key=["receipt_id"],
        check=("receipts_outcome_ck", "outcome IN ('accepted', 'duplicate', 'set_aside')"),
        indexes=[
            Index("receipts_scan_uid_ix", ["scan_uid"]),
        ],
    ),
    Table(
        "audit",
        "What people did and were shown, append-only",
        [
            counted("seq", "Order"),
            col("at", TIME, "When"),
            col("who", TEXT, "Who"),
            col("what", TEXT, "What was done"),
            col("subject", TEXT, "To what", null=True),
            col("snapshot", TEXT, "What was visible then", null=True),
            col("digest", BYTES, "Hash over this row and the one before"),
        ],
        key=["seq"],
    ),
    Table(
        "service",
        "Values of the service that views need, such as its time zone",
        [
            col("name", TEXT, "Name of the value"),
            col("value", TEXT, "Value"),
        ],
        key=["name"],
    ),
    Table(
        "patients",
        "Who a pseudonym is",
        [
            col("patient_id", ID, "Pseudonym"),
            col("issuer", TEXT, "Issuer of the hospital's ID"),
            col("mrn", TEXT, "The hospital's ID"),
            col("name", TEXT, "Name as first received", null=True),
            col("birth_date", TEXT, "Birth date as first received", null=True),
        ],
        key=["patient_id"],
        schema="vault",
    ),
    Table(
        "scans",
        "Which study a scan is",
        [
            col("scan_uid", ID, "Pseudonym"),
            col("study_instance_uid", TEXT, "The original Study Instance UID"),
        ],
        key=["scan_uid"],
        schema="vault",
    ),
)
