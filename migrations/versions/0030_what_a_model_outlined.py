"""What a model outlined in scans that came without report and segmentation."""

from migrations.scripts import run
from migrations.tables_0001.columns import ID, INT, ROW, TEXT, Table, col

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

OUTLININGS = Table(
    "outlinings",
    "What a model outlined in a scan revision that came without report and segmentation",
    [
        col("scan_uid", ID, "Pseudonym of the study"),
        col("revision", INT, "Counts from 1 per scan"),
        col("model", TEXT, "Name of the model that was asked"),
        col("version", TEXT, "Its version, as it states it"),
        col("weights_version", TEXT, "sha256 of all that decides what it finds"),
        col("outcome", TEXT, "outlined, nothing_found, or the code of what stood in the way"),
        col("reason", TEXT, "The same in words; null: nothing stood in the way", null=True),
        col("segmentation_sha256", TEXT, "Names the segmentation in the archive; null: none was made", null=True),
        ROW,
    ],
    key=("scan_uid", "revision"),
)


def upgrade() -> None:
    """Go to this version."""
    OUTLININGS.make()
    run("views_0030.sql")
