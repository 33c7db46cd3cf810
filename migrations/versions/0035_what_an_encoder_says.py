"""What an encoder says of the series of a scan, and which modality was masked and why."""

from sqlalchemy.dialects import postgresql

from migrations.scripts import run
from migrations.tables_0001.columns import FLOAT, ID, INT, ROW, TEXT, Table, col

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

FLOATS = postgresql.ARRAY(FLOAT)
SCAN_EMBEDDINGS = Table(
    "scan_embeddings",
    "What an encoder says of the series of a scan revision, a row for each modality that it holds",
    [
        col("scan_uid", ID, "Pseudonym of the study"),
        col("revision", INT, "Counts from 1 per scan"),
        col("modality", TEXT, "CT, MR or PT: the scan holds images of it"),
        col("encoder", TEXT, "Name of the encoder that was asked"),
        col("weights_version", TEXT, "sha256 of its weights"),
        col("series_uid", ID, "Pseudonym of the series that was read; null: none was", null=True),
        col("slices", INT, "Slices of that series", null=True),
        col("embedding", FLOATS, "What the encoder says of it, 0 to 1; null: none was read", null=True),
        col("masked_because", TEXT, "Why none was read; null: one was", null=True),
        ROW,
    ],
    key=("scan_uid", "revision", "modality"),
)


def upgrade() -> None:
    """Go to this version."""
    SCAN_EMBEDDINGS.make()
    run("views_0035.sql")
