"""First tables, views and rights."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from stream.storage.schema.base import Xid8

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1]


def upgrade() -> None:
    """Go to this version."""
    op.execute("CREATE SCHEMA IF NOT EXISTS vault")
    op.execute("CREATE SCHEMA IF NOT EXISTS scanstream")
    op.execute("CREATE SEQUENCE core.fold_ids")
    op.create_table(
        "active_weights",
        sa.Column(
            "weights_version",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="Weights whose states are kept up to date",
        ),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), autoincrement=False, nullable=False, comment="From"),
        sa.Column("until", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="Until; null: active"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        sa.PrimaryKeyConstraint("weights_version", "since", name=op.f("active_weights_pk")),
        schema="core",
        comment="Which weights are kept up to date",
    )
    op.create_index(
        "active_weights_open_uq",
        "active_weights",
        ["weights_version"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "aliases",
        sa.Column(
            "patient_id", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Absorbed patient"
        ),
        sa.Column("into_patient_id", sa.Text(collation="C"), nullable=False, comment="Patient that absorbed"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="Identity event"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("aliases_pk")),
        schema="core",
        comment="Which patient was merged into which: a tree",
    )
    op.create_index("aliases_into_patient_id_ix", "aliases", ["into_patient_id"], unique=False, schema="core")
    op.create_table(
        "assembly",
        sa.Column(
            "scan_uid", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Pseudonym of the study"
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, comment="Counts from 1 per scan"),
        sa.Column("status", sa.Text(), nullable=False, comment="receiving, measuring, waiting, applied or set_aside"),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="When it counts as complete"),
        sa.Column("completeness", sa.Text(), nullable=False, comment="Why it will be taken as complete"),
        sa.Column("reason_code", sa.Text(), nullable=True, comment="One of the reason codes"),
        sa.Column("reason", sa.Text(), nullable=True, comment="The reason in words"),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Deaths of a worker that had only this in hand",
        ),
        sa.Column("changed_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When the status changed"),
        sa.CheckConstraint(
            "status IN ('receiving', 'measuring', 'waiting', 'applied', 'set_aside')", name=op.f("assembly_status_ck")
        ),
        sa.PrimaryKeyConstraint("scan_uid", "revision", name=op.f("assembly_pk")),
        schema="core",
        comment="How far each revision is on its way",
    )
    op.create_index(
        "assembly_open_ix",
        "assembly",
        ["status", "due_at"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("status IN ('receiving', 'measuring', 'waiting')"),
    )
    op.create_table(
        "assignments",
        sa.Column("scan_uid", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Moved scan"),
        sa.Column("patient_id", sa.Text(collation="C"), nullable=False, comment="Patient it belongs to"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="Identity event"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("scan_uid", name=op.f("assignments_pk")),
        schema="core",
        comment="Scans that were moved to another patient",
    )
    op.create_index("assignments_patient_id_ix", "assignments", ["patient_id"], unique=False, schema="core")
    op.create_table(
        "associations",
        sa.Column("association_id", sa.Text(), autoincrement=False, nullable=False, comment="Names the association"),
        sa.Column("calling_ae", sa.Text(), nullable=False, comment="AE title that called"),
        sa.Column("peer", sa.Text(), nullable=False, comment="Its address"),
        sa.Column(
            "closed_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When it ended; null: not known to have ended",
        ),
        sa.PrimaryKeyConstraint("association_id", name=op.f("associations_pk")),
        schema="core",
        comment="DICOM associations that brought instances",
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Order"),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When"),
        sa.Column("who", sa.Text(), nullable=False, comment="Who"),
        sa.Column("what", sa.Text(), nullable=False, comment="What was done"),
        sa.Column("subject", sa.Text(), nullable=True, comment="To what"),
        sa.Column("snapshot", sa.Text(), nullable=True, comment="What was visible then"),
        sa.Column("digest", postgresql.BYTEA(), nullable=False, comment="Hash over this row and the one before"),
        sa.PrimaryKeyConstraint("seq", name=op.f("audit_pk")),
        schema="core",
        comment="What people did and were shown, append-only",
    )
    op.create_table(
        "clinical",
        sa.Column(
            "received_as",
            sa.Text(collation="C"),
            autoincrement=False,
            nullable=False,
            comment="Pseudonym of the patient as received",
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, comment="The highest stands"),
        sa.Column(
            "facts",
            postgresql.JSON(astext_type=sa.Text()),
            nullable=False,
            comment="Facts known at baseline, such as age or receptor status",
        ),
        sa.Column(
            "accepted_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When they were accepted"
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("received_as", "revision", name=op.f("clinical_pk")),
        schema="core",
        comment="Clinical facts of a patient",
    )
    op.create_table(
        "features",
        sa.Column(
            "scan_uid", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Pseudonym of the study"
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, comment="Counts from 1 per scan"),
        sa.Column(
            "feature_version", sa.Text(), autoincrement=False, nullable=False, comment="Rule the features were made by"
        ),
        sa.Column("disease", sa.Text(), nullable=False, comment="Disease, fixed when measured"),
        sa.Column(
            "x", postgresql.ARRAY(sa.DOUBLE_PRECISION()), nullable=False, comment="Feature values; null where missing"
        ),
        sa.Column(
            "sha256",
            sa.Text(),
            nullable=False,
            comment="Hash of disease and values: the content of the scan on its timeline",
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="What a person should know about the measuring"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("scan_uid", "revision", "feature_version", name=op.f("features_pk")),
        schema="core",
        comment="What the models see of a scan",
    )
    op.create_table(
        "folds",
        sa.Column("fold_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Names the fold"),
        sa.Column("patient_id", sa.Text(collation="C"), nullable=False, comment="Timeline"),
        sa.Column("head_version", sa.Integer(), nullable=False, comment="Version of the head it made"),
        sa.Column("cause", sa.Text(), nullable=False, comment="Why it was folded"),
        sa.Column("from_position", sa.Integer(), nullable=True, comment="First position folded again; null: none"),
        sa.Column(
            "computed_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="One time for all rows of the fold",
        ),
        sa.Column("rows_digest", postgresql.BYTEA(), nullable=False, comment="Hash over all rows written and ended"),
        sa.Column("digest", postgresql.BYTEA(), nullable=False, comment="Hash over this row and the fold before"),
        sa.Column(
            "xact",
            Xid8(),
            server_default=sa.text("pg_current_xact_id()"),
            nullable=False,
            comment="Transaction that wrote the row",
        ),
        sa.PrimaryKeyConstraint("fold_id", name=op.f("folds_pk")),
        sa.UniqueConstraint("patient_id", "head_version", name=op.f("folds_patient_id_head_version_uq")),
        schema="core",
        comment="Every fold: one transaction that brought a timeline into line with its facts",
    )
    op.create_table(
        "forecasts",
        sa.Column("fold_id", sa.BigInteger(), nullable=False, comment="Fold that wrote it"),
        sa.Column("weights_version", sa.Text(), nullable=False, comment="Weights"),
        sa.Column("scan_uid", sa.Text(collation="C"), nullable=False, comment="Scan the forecast stands on"),
        sa.Column("patient_id", sa.Text(collation="C"), nullable=False, comment="Timeline it was shown under"),
        sa.Column("disease", sa.Text(), nullable=False, comment="Disease of the scan"),
        sa.Column("revision", sa.Integer(), nullable=False, comment="Revision of the scan"),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="acquired_at of the scan"),
        sa.Column("endpoint", sa.Text(), nullable=False, comment="Endpoint"),
        sa.Column("horizon_kind", sa.Text(), nullable=False, comment="days, next_visit, end_of_treatment or now"),
        sa.Column("horizon_days", sa.Integer(), nullable=True, comment="Days, only with horizon_kind days"),
        sa.Column(
            "risk", sa.DOUBLE_PRECISION(), nullable=False, comment="Probability of the endpoint within the horizon"
        ),
        sa.Column("risk_low", sa.DOUBLE_PRECISION(), nullable=False, comment="5 % of the model's own uncertainty"),
        sa.Column("risk_high", sa.DOUBLE_PRECISION(), nullable=False, comment="95 % of the model's own uncertainty"),
        sa.Column("tip", sa.Boolean(), nullable=False, comment="The latest standing one of its kind"),
        sa.Column("computed_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Time of the fold"),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True, comment="Fold that ended it; null: stands"),
        sa.Column("superseded_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="Time of that fold"),
        sa.Column("superseded_because", sa.Text(), nullable=True, comment="Why it no longer stands"),
        sa.Column(
            "xact",
            Xid8(),
            server_default=sa.text("pg_current_xact_id()"),
            nullable=False,
            comment="Transaction that wrote the row",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        sa.CheckConstraint(
            "0 <= risk_low AND risk_low <= risk AND risk <= risk_high AND risk_high <= 1",
            name=op.f("forecasts_interval_ck"),
        ),
        schema="core",
        comment="Every risk ever forecast",
    )
    op.create_index("forecasts_patient_id_ix", "forecasts", ["patient_id"], unique=False, schema="core")
    op.create_index(
        "forecasts_standing_uq",
        "forecasts",
        ["weights_version", "scan_uid", "endpoint", "horizon_kind", "horizon_days"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("superseded_by IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "forecasts_superseded_by_ix",
        "forecasts",
        ["superseded_by"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("superseded_by IS NOT NULL"),
    )
    op.create_index(
        "forecasts_tip_uq",
        "forecasts",
        ["patient_id", "weights_version", "endpoint", "disease", "horizon_kind", "horizon_days"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("tip"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "forecasts_uq",
        "forecasts",
        ["fold_id", "weights_version", "scan_uid", "endpoint", "horizon_kind", "horizon_days"],
        unique=True,
        schema="core",
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "heads",
        sa.Column("patient_id", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Timeline"),
        sa.Column("version", sa.Integer(), nullable=False, comment="Number of folds so far"),
        sa.Column("changed_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Time of the last fold"),
        sa.Column("fold_digest", postgresql.BYTEA(), nullable=False, comment="Digest of the last fold"),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("heads_pk")),
        schema="core",
        comment="One row per timeline: its version, locked by whoever folds",
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "identity_events",
        sa.Column(
            "seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="Order in which they take effect"
        ),
        sa.Column("event_id", sa.Text(), nullable=False, comment="The sender's id"),
        sa.Column("kind", sa.Text(), nullable=False, comment="merge, unmerge or move"),
        sa.Column("patient_id", sa.Text(collation="C"), nullable=True, comment="Patient it is about"),
        sa.Column("other_id", sa.Text(collation="C"), nullable=True, comment="The other patient"),
        sa.Column("scan_uid", sa.Text(collation="C"), nullable=True, comment="Scan that is moved"),
        sa.Column("by", sa.Text(), nullable=False, comment="Who asked for it"),
        sa.Column("accepted_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it was accepted"),
        sa.Column("outcome", sa.Text(), nullable=True, comment="done or refused"),
        sa.Column("applied_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="When it took effect"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("identity_events_pk")),
        sa.UniqueConstraint("event_id", name=op.f("identity_events_event_id_uq")),
        schema="core",
        comment="Merges, unmerges and moves in the order they were accepted",
    )
    op.create_table(
        "instances",
        sa.Column(
            "instance_uid",
            sa.Text(collation="C"),
            autoincrement=False,
            nullable=False,
            comment="Pseudonym of the SOP Instance UID",
        ),
        sa.Column("scan_uid", sa.Text(collation="C"), nullable=False, comment="Scan it belongs to"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="sha256 of the original file in the archive"),
        sa.Column(
            "content_sha256",
            sa.Text(),
            nullable=False,
            comment="sha256 of the content, the same in every transfer syntax",
        ),
        sa.Column("modality", sa.Text(), nullable=False, comment="DICOM modality"),
        sa.Column("kind", sa.Text(), nullable=False, comment="image, seg, sr, kos or rtstruct"),
        sa.Column(
            "acquired_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When the image was acquired; of derived objects, the study's date",
        ),
        sa.Column(
            "referenced",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Pseudonyms of the instances it refers to",
        ),
        sa.Column(
            "expected_instances", sa.Integer(), nullable=True, comment="Instances the sender announced for the study"
        ),
        sa.Column(
            "accepted_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="When the gateway answered success",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("instance_uid", name=op.f("instances_pk")),
        schema="core",
        comment="Every accepted DICOM instance, by pseudonym",
    )
    op.create_index("instances_scan_uid_ix", "instances", ["scan_uid"], unique=False, schema="core")
    op.create_table(
        "leads",
        sa.Column("endpoint", sa.Text(), autoincrement=False, nullable=False, comment="Endpoint"),
        sa.Column("disease", sa.Text(), autoincrement=False, nullable=False, comment="Disease"),
        sa.Column("weights_version", sa.Text(), autoincrement=False, nullable=False, comment="Weights that lead"),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), autoincrement=False, nullable=False, comment="From"),
        sa.Column("until", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="Until; null: leads now"),
        sa.Column("since_xact", Xid8(), nullable=False, comment="Transaction that began it"),
        sa.Column("until_xact", Xid8(), nullable=True, comment="Transaction that ended it"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        sa.PrimaryKeyConstraint("endpoint", "disease", "weights_version", "since", name=op.f("leads_pk")),
        schema="core",
        comment="Which weights lead for an endpoint and disease",
    )
    op.create_index(
        "leads_open_uq",
        "leads",
        ["endpoint", "disease"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "ledger",
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False, comment="scan, treatment or clinical"),
        sa.Column(
            "id",
            sa.Text(collation="C"),
            autoincrement=False,
            nullable=False,
            comment="scan_uid, treatment_id or received_as",
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, comment="Revision"),
        sa.Column("fold_id", sa.BigInteger(), nullable=False, comment="Fold that first saw it"),
        sa.Column(
            "xact",
            Xid8(),
            server_default=sa.text("pg_current_xact_id()"),
            nullable=False,
            comment="Transaction that wrote the row",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("kind", "id", "revision", name=op.f("ledger_pk")),
        schema="core",
        comment="What was taken into account, exactly once",
    )
    op.create_index("ledger_fold_id_ix", "ledger", ["fold_id"], unique=False, schema="core")
    op.create_table(
        "measurements",
        sa.Column(
            "scan_uid", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Pseudonym of the study"
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, comment="Counts from 1 per scan"),
        sa.Column(
            "feature_version", sa.Text(), autoincrement=False, nullable=False, comment="Rule the scan was measured by"
        ),
        sa.Column(
            "number", sa.Integer(), autoincrement=False, nullable=False, comment="Counts the measurements of a scan"
        ),
        sa.Column(
            "lesion_uid",
            sa.Text(collation="C"),
            nullable=True,
            comment="Pseudonym of the lesion; null for whole-patient values",
        ),
        sa.Column("lesion_label", sa.Text(), nullable=True, comment="The report's name for the lesion"),
        sa.Column("body_site", sa.Text(), nullable=True, comment="Where the lesion is"),
        sa.Column("measurement", sa.Text(), nullable=False, comment="What was measured"),
        sa.Column("value", sa.DOUBLE_PRECISION(), nullable=False, comment="Value in the unit beside it"),
        sa.Column("unit", sa.Text(), nullable=False, comment="mm, ml, % or 1"),
        sa.Column("source", sa.Text(), nullable=False, comment="SR, SEG, model or import"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("scan_uid", "revision", "feature_version", "number", name=op.f("measurements_pk")),
        schema="core",
        comment="Measured values of a scan revision",
    )
    op.create_table(
        "outcomes",
        sa.Column(
            "outcome_id",
            sa.Text(collation="C"),
            autoincrement=False,
            nullable=False,
            comment="Hash of patient and endpoint",
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, comment="The highest stands"),
        sa.Column(
            "received_as", sa.Text(collation="C"), nullable=False, comment="Pseudonym of the patient as received"
        ),
        sa.Column("endpoint", sa.Text(), nullable=False, comment="Endpoint observed"),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="When it was observed"),
        sa.Column("event", sa.Boolean(), nullable=False, comment="True: it happened"),
        sa.Column("withdrawn", sa.Boolean(), nullable=False, comment="True: entered by mistake"),
        sa.Column("accepted_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it was accepted"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("outcome_id", "revision", name=op.f("outcomes_pk")),
        schema="core",
        comment="What really happened: for calibration only, never input of a forecast",
    )
    op.create_index("outcomes_received_as_ix", "outcomes", ["received_as"], unique=False, schema="core")
    op.create_table(
        "placements",
        sa.Column("fold_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Fold that placed it"),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False, comment="scan or treatment"),
        sa.Column(
            "id", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="scan_uid or treatment_id"
        ),
        sa.Column("patient_id", sa.Text(collation="C"), nullable=False, comment="Timeline"),
        sa.Column("revision", sa.Integer(), nullable=False, comment="Revision that stands"),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Where on the timeline"),
        sa.Column("placed_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Time of the fold"),
        sa.Column("ended_by", sa.BigInteger(), nullable=True, comment="Fold that ended it; null: stands"),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="Time of that fold"),
        sa.Column(
            "xact",
            Xid8(),
            server_default=sa.text("pg_current_xact_id()"),
            nullable=False,
            comment="Transaction that wrote the row",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        sa.PrimaryKeyConstraint("fold_id", "kind", "id", name=op.f("placements_pk")),
        schema="core",
        comment="What stands or stood on which timeline",
    )
    op.create_index(
        "placements_ended_by_ix",
        "placements",
        ["ended_by"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("ended_by IS NOT NULL"),
    )
    op.create_index(
        "placements_patient_id_ix",
        "placements",
        ["patient_id"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("ended_by IS NULL"),
    )
    op.create_index(
        "placements_standing_uq",
        "placements",
        ["kind", "id"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("ended_by IS NULL"),
    )
    op.create_table(
        "receipts",
        sa.Column("receipt_id", sa.Text(), autoincrement=False, nullable=False, comment="Name of the journal record"),
        sa.Column("association_id", sa.Text(), nullable=False, comment="Association that brought the file"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="sha256 of the file"),
        sa.Column("content_sha256", sa.Text(), nullable=False, comment="sha256 of the content"),
        sa.Column("scan_uid", sa.Text(collation="C"), nullable=True, comment="Scan, where it could be told"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="accepted, duplicate or set_aside"),
        sa.Column(
            "received_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When success was answered"
        ),
        sa.CheckConstraint("outcome IN ('accepted', 'duplicate', 'set_aside')", name=op.f("receipts_outcome_ck")),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("receipts_pk")),
        schema="core",
        comment="Every file a sender was told success for",
    )
    op.create_index("receipts_scan_uid_ix", "receipts", ["scan_uid"], unique=False, schema="core")
    op.create_table(
        "rejections",
        sa.Column(
            "scan_uid", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Pseudonym of the study"
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, comment="Counts from 1 per scan"),
        sa.Column("by", sa.Text(), nullable=False, comment="Who rejected"),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("scan_uid", "revision", name=op.f("rejections_pk")),
        schema="core",
        comment="Rejected revisions: this one and all lower ones do not count",
    )
    op.create_table(
        "response_probabilities",
        sa.Column("fold_id", sa.BigInteger(), nullable=False, comment="Fold that wrote it"),
        sa.Column("weights_version", sa.Text(), nullable=False, comment="Weights"),
        sa.Column("scan_uid", sa.Text(collation="C"), nullable=False, comment="Scan the forecast stands on"),
        sa.Column("patient_id", sa.Text(collation="C"), nullable=False, comment="Timeline it was shown under"),
        sa.Column("disease", sa.Text(), nullable=False, comment="Disease of the scan"),
        sa.Column("revision", sa.Integer(), nullable=False, comment="Revision of the scan"),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="acquired_at of the scan"),
        sa.Column("criterion", sa.Text(), nullable=False, comment="Criterion, such as RECIST 1.1"),
        sa.Column("category", sa.Text(), nullable=False, comment="CR, PR, SD or PD"),
        sa.Column("probability", sa.DOUBLE_PRECISION(), nullable=False, comment="Probability of the category"),
        sa.Column("computed_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Time of the fold"),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True, comment="Fold that ended it; null: stands"),
        sa.Column("superseded_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="Time of that fold"),
        sa.Column("superseded_because", sa.Text(), nullable=True, comment="Why it no longer stands"),
        sa.Column(
            "xact",
            Xid8(),
            server_default=sa.text("pg_current_xact_id()"),
            nullable=False,
            comment="Transaction that wrote the row",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        schema="core",
        comment="Probabilities of the response categories",
    )
    op.create_index(
        "response_probabilities_patient_id_ix", "response_probabilities", ["patient_id"], unique=False, schema="core"
    )
    op.create_index(
        "response_probabilities_standing_uq",
        "response_probabilities",
        ["weights_version", "scan_uid", "criterion", "category"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("superseded_by IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "response_probabilities_superseded_by_ix",
        "response_probabilities",
        ["superseded_by"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("superseded_by IS NOT NULL"),
    )
    op.create_index(
        "response_probabilities_uq",
        "response_probabilities",
        ["fold_id", "weights_version", "scan_uid", "criterion", "category"],
        unique=True,
        schema="core",
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "revision_instances",
        sa.Column(
            "scan_uid", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Pseudonym of the study"
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, comment="Counts from 1 per scan"),
        sa.Column(
            "instance_uid",
            sa.Text(collation="C"),
            autoincrement=False,
            nullable=False,
            comment="An instance of this revision",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("scan_uid", "revision", "instance_uid", name=op.f("revision_instances_pk")),
        schema="core",
        comment="Which instances a revision was made of",
    )
    op.create_table(
        "revisions",
        sa.Column(
            "scan_uid", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Pseudonym of the study"
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, comment="Counts from 1 per scan"),
        sa.Column(
            "acquired_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="Where the scan stands on its timeline",
        ),
        sa.Column("instances_sha256", sa.Text(), nullable=False, comment="Hash over the contents of its instances"),
        sa.Column("completeness", sa.Text(), nullable=False, comment="Why the scan was taken as complete"),
        sa.Column(
            "accepted_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When the revision was made"
        ),
        sa.Column(
            "final_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="When it became final; null: provisional",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        sa.PrimaryKeyConstraint("scan_uid", "revision", name=op.f("revisions_pk")),
        schema="core",
        comment="Every revision of every scan",
    )
    op.create_table(
        "scans",
        sa.Column(
            "scan_uid", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Pseudonym of the study"
        ),
        sa.Column(
            "received_as",
            sa.Text(collation="C"),
            nullable=False,
            comment="Pseudonym of the patient it was received for; never changes",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("scan_uid", name=op.f("scans_pk")),
        schema="core",
        comment="Every scan and the patient it was received for",
    )
    op.create_index("scans_received_as_ix", "scans", ["received_as"], unique=False, schema="core")
    op.create_table(
        "service",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False, comment="Name of the value"),
        sa.Column("value", sa.Text(), nullable=False, comment="Value"),
        sa.PrimaryKeyConstraint("name", name=op.f("service_pk")),
        schema="core",
        comment="Values of the service that views need, such as its time zone",
    )
    op.create_table(
        "set_asides",
        sa.Column(
            "item_id", sa.Text(), autoincrement=False, nullable=False, comment="Names the item for a person's decision"
        ),
        sa.Column("scan_uid", sa.Text(collation="C"), nullable=True, comment="Scan, where known"),
        sa.Column("revision", sa.Integer(), nullable=True, comment="Revision, where it is one"),
        sa.Column("sha256", sa.Text(), nullable=True, comment="sha256 of the file or message, where it is one"),
        sa.Column("reason_code", sa.Text(), nullable=False, comment="One of the reason codes"),
        sa.Column("reason", sa.Text(), nullable=False, comment="What a person should look at"),
        sa.Column("set_aside_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When"),
        sa.Column("decision", sa.Text(), nullable=True, comment="released or rejected"),
        sa.Column("decided_by", sa.Text(), nullable=True, comment="Who decided"),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="When it was decided"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("set_asides_pk")),
        schema="core",
        comment="What was kept but not processed, with the reason",
    )
    op.create_table(
        "size_forecasts",
        sa.Column("fold_id", sa.BigInteger(), nullable=False, comment="Fold that wrote it"),
        sa.Column("weights_version", sa.Text(), nullable=False, comment="Weights"),
        sa.Column("scan_uid", sa.Text(collation="C"), nullable=False, comment="Scan the forecast stands on"),
        sa.Column("patient_id", sa.Text(collation="C"), nullable=False, comment="Timeline it was shown under"),
        sa.Column("disease", sa.Text(), nullable=False, comment="Disease of the scan"),
        sa.Column("revision", sa.Integer(), nullable=False, comment="Revision of the scan"),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="acquired_at of the scan"),
        sa.Column("lesion_uid", sa.Text(collation="C"), nullable=True, comment="Lesion; null for the sum"),
        sa.Column("measurement", sa.Text(), nullable=False, comment="What is forecast"),
        sa.Column("horizon_days", sa.Integer(), nullable=False, comment="Days ahead"),
        sa.Column("level", sa.DOUBLE_PRECISION(), nullable=False, comment="Coverage of the interval"),
        sa.Column("value", sa.DOUBLE_PRECISION(), nullable=False, comment="Forecast value"),
        sa.Column("value_low", sa.DOUBLE_PRECISION(), nullable=False, comment="Lower bound"),
        sa.Column("value_high", sa.DOUBLE_PRECISION(), nullable=False, comment="Upper bound"),
        sa.Column("computed_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Time of the fold"),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True, comment="Fold that ended it; null: stands"),
        sa.Column("superseded_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="Time of that fold"),
        sa.Column("superseded_because", sa.Text(), nullable=True, comment="Why it no longer stands"),
        sa.Column(
            "xact",
            Xid8(),
            server_default=sa.text("pg_current_xact_id()"),
            nullable=False,
            comment="Transaction that wrote the row",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        schema="core",
        comment="Sizes forecast for a later day",
    )
    op.create_index("size_forecasts_patient_id_ix", "size_forecasts", ["patient_id"], unique=False, schema="core")
    op.create_index(
        "size_forecasts_standing_uq",
        "size_forecasts",
        ["weights_version", "scan_uid", "lesion_uid", "measurement", "horizon_days", "level"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("superseded_by IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "size_forecasts_superseded_by_ix",
        "size_forecasts",
        ["superseded_by"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("superseded_by IS NOT NULL"),
    )
    op.create_index(
        "size_forecasts_uq",
        "size_forecasts",
        ["fold_id", "weights_version", "scan_uid", "lesion_uid", "measurement", "horizon_days", "level"],
        unique=True,
        schema="core",
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "states",
        sa.Column("fold_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Fold that wrote it"),
        sa.Column("weights_version", sa.Text(), autoincrement=False, nullable=False, comment="Weights"),
        sa.Column(
            "scan_uid",
            sa.Text(collation="C"),
            autoincrement=False,
            nullable=False,
            comment="Scan the state stands after",
        ),
        sa.Column("patient_id", sa.Text(collation="C"), nullable=False, comment="Timeline"),
        sa.Column("revision", sa.Integer(), nullable=False, comment="Revision of the scan"),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Where on the timeline"),
        sa.Column("position", sa.Integer(), nullable=False, comment="Position on the timeline, treatments counted"),
        sa.Column(
            "state",
            postgresql.BYTEA(),
            nullable=True,
            comment="float32 little-endian, layout in the card; emptied when long superseded",
        ),
        sa.Column("state_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the state's bytes"),
        sa.Column(
            "digest",
            postgresql.BYTEA(),
            nullable=False,
            comment="Hash of the timeline up to here: right exactly if it equals the facts'",
        ),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True, comment="Fold that ended it; null: stands"),
        sa.Column(
            "xact",
            Xid8(),
            server_default=sa.text("pg_current_xact_id()"),
            nullable=False,
            comment="Transaction that wrote the row",
        ),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.Column(
            "later_sha256", postgresql.BYTEA(), nullable=True, comment="Hash of row_sha256 and what was written later"
        ),
        sa.PrimaryKeyConstraint("fold_id", "weights_version", "scan_uid", name=op.f("states_pk")),
        schema="core",
        comment="The recurrent state after each timepoint",
    )
    op.create_index(
        "states_position_uq",
        "states",
        ["patient_id", "weights_version", "position"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("superseded_by IS NULL"),
    )
    op.create_index(
        "states_standing_uq",
        "states",
        ["weights_version", "scan_uid"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("superseded_by IS NULL"),
    )
    op.create_index(
        "states_superseded_by_ix",
        "states",
        ["superseded_by"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("superseded_by IS NOT NULL"),
    )
    op.create_table(
        "treatments",
        sa.Column(
            "treatment_id",
            sa.Text(collation="C"),
            autoincrement=False,
            nullable=False,
            comment="Hash of patient, start, name and kind",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="+1 when the end changes or it is withdrawn",
        ),
        sa.Column(
            "received_as",
            sa.Text(collation="C"),
            nullable=False,
            comment="Pseudonym of the patient it was received for",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="Name of the treatment"),
        sa.Column("kind", sa.Text(), nullable=False, comment="drug, radiation, surgery, ..."),
        sa.Column("start_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="Start"),
        sa.Column("end_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="End, if known"),
        sa.Column(
            "at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=False,
            comment="Where it stands on the timeline: at the end of its day when dated by day",
        ),
        sa.Column("withdrawn", sa.Boolean(), nullable=False, comment="True: entered by mistake"),
        sa.Column("accepted_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it was accepted"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("treatment_id", "revision", name=op.f("treatments_pk")),
        schema="core",
        comment="Treatments: input of the steps after them, no step of their own",
    )
    op.create_index("treatments_received_as_ix", "treatments", ["received_as"], unique=False, schema="core")
    op.create_table(
        "weights",
        sa.Column(
            "weights_version", sa.Text(), autoincrement=False, nullable=False, comment="sha256 of the weights file"
        ),
        sa.Column("model", sa.Text(), nullable=False, comment="Name of the model"),
        sa.Column("feature_version", sa.Text(), nullable=False, comment="Features it sees"),
        sa.Column("card", postgresql.JSON(astext_type=sa.Text()), nullable=False, comment="The model card"),
        sa.Column("added_at", postgresql.TIMESTAMP(timezone=True), nullable=False, comment="When it was added"),
        sa.Column("row_sha256", postgresql.BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("weights_version", name=op.f("weights_pk")),
        schema="core",
        comment="Weights known to the service",
    )
    op.create_table(
        "patients",
        sa.Column("patient_id", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Pseudonym"),
        sa.Column("issuer", sa.Text(), nullable=False, comment="Issuer of the hospital's ID"),
        sa.Column("mrn", sa.Text(), nullable=False, comment="The hospital's ID"),
        sa.Column("name", sa.Text(), nullable=True, comment="Name as first received"),
        sa.Column("birth_date", sa.Text(), nullable=True, comment="Birth date as first received"),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("patients_pk")),
        schema="vault",
        comment="Who a pseudonym is",
    )
    op.create_table(
        "scans",
        sa.Column("scan_uid", sa.Text(collation="C"), autoincrement=False, nullable=False, comment="Pseudonym"),
        sa.Column("study_instance_uid", sa.Text(), nullable=False, comment="The original Study Instance UID"),
        sa.PrimaryKeyConstraint("scan_uid", name=op.f("scans_pk")),
        schema="vault",
        comment="Which study a scan is",
    )
    op.execute("ALTER TABLE core.states ALTER COLUMN state SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE core.heads SET (fillfactor = 70)")
    for name in ("views", "rights"):
        # On the driver's own cursor: nothing in these files is a bind parameter.
        op.get_bind().connection.cursor().execute((SQL / f"{name}_0001.sql").read_text())
