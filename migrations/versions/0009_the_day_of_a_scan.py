"""The day of a scan: in which zone it was stated, which images are of another one, and what refers to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.scripts import run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    zone, apart = "Of the zone that acquired_at was stated in", "Images that are not of the day of the others"
    for table, name, kind, comment in (
        ("instances", "utc_offset_minutes", sa.Integer(), zone),
        ("revisions", "utc_offset_minutes", sa.Integer(), zone),
        ("revisions", "dated_apart", postgresql.ARRAY(sa.Text()), apart),
    ):
        op.add_column(table, sa.Column(name, kind, nullable=True, comment=comment), schema="core")
    op.create_index(
        "instances_referenced_ix",
        "instances",
        ["referenced"],
        schema="core",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind <> 'image'"),
    )
    run("views_0009.sql")
