"""How lesions were outlined, and where they will be."""

from migrations.scripts import run
from migrations.tables_0001.columns import BYTES, FLOAT, ID, INT, ROW, Table, col
from migrations.tables_0001.forecasts import like_forecasts

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

LESION_MAPS = Table(
    "lesion_maps",
    "How the lesions of a scan revision were outlined: what growth maps are forecast from",
    [
        col("scan_uid", ID, "Pseudonym of the study"),
        col("revision", INT, "Counts from 1 per scan"),
        col("lesion_uid", ID, "Pseudonym of the lesion, as of its measurements"),
        col("outline", BYTES, "A bit for each of 40 x 40 x 40 voxels of 2 mm around its middle, slices from the feet"),
        ROW,
    ],
    key=("scan_uid", "revision", "lesion_uid"),
)
GROWTH_MAPS = like_forecasts(
    "growth_maps",
    "Where lesions will be on coming days, a row for each lesion and day",
    ["lesion_uid", "horizon_days"],
    [
        col("lesion_uid", ID, "Lesion, as it is followed"),
        col("horizon_days", INT, "Days ahead"),
        col("volume_now", FLOAT, "Volume of the last outline, ml"),
        col("volume", FLOAT, "Volume forecast, ml"),
        col("volume_low", FLOAT, "Lower end of its central 90 %, ml"),
        col("volume_high", FLOAT, "Upper end of its central 90 %, ml"),
        col("drawn_from", FLOAT, "Chance from which on a voxel is drawn as inside"),
        col("outline", BYTES, "The last outline: a bit for each of 40 x 40 x 40 voxels of 2 mm, slices from the feet"),
        col("chance", BYTES, "Chance that a voxel is inside: a byte from 0 to 255 for each"),
    ],
    check=("growth_maps_interval_ck", "0 <= volume_low AND volume_low <= volume AND volume <= volume_high"),
)


def upgrade() -> None:
    """Go to this version."""
    LESION_MAPS.make()
    GROWTH_MAPS.make()
    run("views_0033.sql")
