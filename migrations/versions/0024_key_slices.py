"""A small picture of the slice that shows most of a lesion."""

from migrations.scripts import run
from migrations.tables_0001.columns import BYTES, FLOAT, ID, INT, ROW, TEXT, Table, col

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KEY_SLICES = Table(
    "key_slices",
    "The slice that shows most of a lesion, as a small picture: of the largest lesions of a scan revision",
    [
        col("scan_uid", ID, "Pseudonym of the study"),
        col("revision", INT, "Counts from 1 per scan"),
        col("lesion_uid", ID, "Pseudonym of the lesion, as of its measurements"),
        col("png", BYTES, "The slice around the lesion with its outline, 8-bit grey, nothing of the header"),
        col("width", INT, "Pixels across"),
        col("height", INT, "Pixels down"),
        col("mm_per_pixel", FLOAT, "Size of a pixel, mm"),
        col("view", TEXT, "axial, coronal or sagittal"),
        col("slice_number", INT, "Counts from 1 from the feet, the front or the right"),
        col("slices", INT, "Slices of the series it was drawn on"),
        col("area_mm2", FLOAT, "What is outlined in this slice, mm2"),
        col("instance_uid", ID, "Pseudonym of the image"),
        ROW,
    ],
    key=("scan_uid", "revision", "lesion_uid"),
    check=("key_slices_view_ck", "view IN ('axial', 'coronal', 'sagittal')"),
)


def upgrade() -> None:
    """Go to this version."""
    KEY_SLICES.make()
    run("views_0024.sql")
