"""Whom the files of a scan name, and files whose name, birth date or sex contradict what is known of a patient."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")


def upgrade() -> None:
    """Go to this version."""
    _named_patients()
    sex = sa.Column("sex", sa.Text(), nullable=True, comment="Sex as first received")
    op.add_column("patients", sex, schema="vault")
    _doubts()
    op.execute("GRANT SELECT, INSERT, UPDATE ON vault.doubts TO scanstream_gateway")
    op.execute("GRANT SELECT ON vault.doubts TO scanstream_vault")
    op.execute("GRANT SELECT, INSERT ON core.named_patients TO scanstream_gateway")
    op.execute("GRANT SELECT, INSERT, UPDATE ON core.named_patients TO scanstream_worker")
    # what files name may move their scan, and that is an identity event
    op.create_index(
        "identity_events_scan_uid_ix",
        "identity_events",
        ["scan_uid"],
        schema="core",
        postgresql_where=sa.text("scan_uid IS NOT NULL"),
    )
    op.execute("GRANT INSERT ON core.identity_events TO scanstream_gateway")


def _named_patients() -> None:
    source = "Who says the issuer: 2 the file, 1 the setting for its sender, 0 the default"
    patient = "Pseudonym of a patient that a file of it names"
    op.create_table(
        "named_patients",
        sa.Column("scan_uid", ID, autoincrement=False, nullable=False, comment="Pseudonym of the study"),
        sa.Column("patient_id", ID, autoincrement=False, nullable=False, comment=patient),
        sa.Column("issuer_source", sa.Integer(), autoincrement=False, nullable=False, comment=source),
        sa.Column("row_sha256", BYTEA(), nullable=False, comment="Hash of the columns that never change"),
        sa.PrimaryKeyConstraint("scan_uid", "patient_id", "issuer_source", name=op.f("named_patients_pk")),
        schema="core",
        comment="Whom the files of a scan name: the patient with the best source is its own, whatever came first",
    )


def _doubts() -> None:
    op.create_table(
        "doubts",
        sa.Column("item_id", sa.Text(), autoincrement=False, nullable=False, comment="The file that was set aside"),
        sa.Column("patient_id", ID, nullable=False, comment="Pseudonym that the file names"),
        sa.Column("name", sa.Text(), nullable=True, comment="Name in the file"),
        sa.Column("birth_date", sa.Text(), nullable=True, comment="Birth date in the file"),
        sa.Column("sex", sa.Text(), nullable=True, comment="Sex in the file"),
        sa.PrimaryKeyConstraint("item_id", name=op.f("doubts_pk")),
        schema="vault",
        comment="Who files name that contradict what was known of a patient; a released one is the patient too",
    )
    op.create_index("doubts_patient_id_ix", "doubts", ["patient_id"], schema="vault")
