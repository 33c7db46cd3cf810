"""What people said of lesions, and which rules a course was told by."""

import sqlalchemy as sa
from alembic import op

from migrations.scripts import run
from migrations.tables_0001.columns import BOOL, ID, INT, JSON, ROW, TEXT, TIME, Index, Table, col

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

LINKS = Table(
    "lesion_links",
    "What people said of lesions: which are one, which are not, what counts as what",
    [
        col("link_id", ID, "Hash of patient and lesions"),
        col("revision", INT, "The highest stands"),
        col("received_as", ID, "Pseudonym of the patient as received"),
        col("relation", TEXT, "same, different, anew, fragment, merged, target or non_target"),
        col("lesion_uid", ID, "Lesion that it is about, as a scan names it"),
        col("other_uid", ID, "The other lesion, where two are told of", null=True),
        col("day", sa.Date(), "From which day on it holds; null: ever", null=True),
        col("withdrawn", BOOL, "True: it was taken back"),
        col("accepted_at", TIME, "When it was accepted"),
        ROW,
    ],
    key=("link_id", "revision"),
    indexes=[Index("lesion_links_received_as_ix", ["received_as"])],
)


def upgrade() -> None:
    """Go to this version."""
    LINKS.make()
    rules = sa.Column("rules", sa.Integer(), nullable=True, comment="Version of the rules that the course was told by")
    op.add_column("visits", rules, schema="core")
    comment = "Frames of reference as [source, target, matrix]"
    op.add_column("findings", sa.Column("registrations", JSON, nullable=True, comment=comment), schema="core")
    op.alter_column("instances", "kind", comment="image, seg, sr, kos, rtstruct or reg", schema="core")
    run("views_0013.sql")
