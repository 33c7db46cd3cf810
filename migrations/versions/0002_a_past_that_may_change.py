"""A past that may change: rejections and their undo, what an instance takes back, why, and what a worker died with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.scripts import run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)
ID = sa.Text(collation="C")


def upgrade() -> None:
    """Go to this version."""
    _instances()
    _rejections()
    _others()
    run("views_0002.sql")


def _instances() -> None:
    for name, kind, comment in (
        ("series_uid", ID, "Pseudonym of its series"),
        ("series_description", sa.Text(), "Its series' name, where it is one of REQUIRED_SERIES"),
        ("expected_series", sa.Integer(), "Series the sender announced for the study"),
        ("expected_in_series", sa.Integer(), "Instances the sender announced for the series"),
        ("withdraws", postgresql.ARRAY(sa.Text()), "Pseudonyms of the instances that it takes back"),
        ("withdraws_because", sa.Text(), "quality, safety, wrong_patient or replaced"),
    ):
        op.add_column("instances", sa.Column(name, kind, nullable=True, comment=comment), schema="core")
    op.create_index(
        "instances_withdraws_ix",
        "instances",
        ["withdraws"],
        schema="core",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("withdraws IS NOT NULL"),
    )


def _rejections() -> None:
    """No version before this one could write a row into it, so that its new columns need no value for old rows."""
    for name, kind, comment in (
        ("number", sa.Integer(), "Counts what was said of this revision; the highest stands"),
        ("kind", sa.Text(), "rejected, or retracted by the sender's own correction"),
        ("because", sa.Text(), "quality, safety, wrong_patient, replaced or other"),
        ("withdrawn", sa.Boolean(), "True: the revision counts again"),
    ):
        op.add_column("rejections", sa.Column(name, kind, nullable=False, comment=comment), schema="core")
    op.alter_column("rejections", "by", schema="core", comment="Who rejected or withdrew it")
    op.drop_constraint("rejections_pk", "rejections", schema="core")
    op.create_primary_key("rejections_pk", "rejections", ["scan_uid", "revision", "number"], schema="core")
    op.create_check_constraint("kind", "rejections", "kind IN ('rejected', 'retracted')", schema="core")


def _others() -> None:
    op.add_column(
        "set_asides",
        sa.Column("patient_id", ID, nullable=True, comment="Patient as received, where no scan tells it"),
        schema="core",
    )
    op.create_index("set_asides_scan_uid_ix", "set_asides", ["scan_uid", "revision"], schema="core")
    op.create_index(
        "identity_events_waiting_ix",
        "identity_events",
        ["seq"],
        schema="core",
        postgresql_where=sa.text("applied_at IS NULL"),
    )
    op.add_column("audit", sa.Column("why", sa.Text(), nullable=True, comment="Why, in their words"), schema="core")
    op.alter_column("ledger", "kind", schema="core", comment="scan, treatment, clinical, rejection or identity")
    op.alter_column(
        "ledger", "id", schema="core", comment="scan_uid, treatment_id, received_as, scan_uid/revision or seq"
    )
    op.create_table(
        "suspects",
        sa.Column(
            "kind", sa.Text(), autoincrement=False, nullable=False, comment="scan, timeline, message or identity"
        ),
        sa.Column("id", ID, autoincrement=False, nullable=False, comment="scan_uid, patient_id, sha256 or seq"),
        sa.Column(
            "revision",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="Revision of a scan, 0 for a timeline",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="Deaths of a worker that had only this in hand"),
        sa.Column("since", TIME, nullable=False, comment="When a worker first died with it in hand"),
        sa.PrimaryKeyConstraint("kind", "id", "revision", name=op.f("suspects_pk")),
        schema="core",
        comment="What workers had in hand when they died: taken one at a time from then on",
    )
