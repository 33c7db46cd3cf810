"""How much the slices of a series look like those of patients with a tumour."""

from sqlalchemy.dialects import postgresql

from migrations.scripts import run
from migrations.tables_0001.columns import FLOAT, ID, INT, ROW, TEXT, Table, col

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

SLICE_SCORES = Table(
    "slice_scores",
    "How much a series looks like one with a tumour, where nobody measured a lesion: no measurement",
    [
        col("scan_uid", ID, "Pseudonym of the study"),
        col("revision", INT, "Counts from 1 per scan"),
        col("series_uid", ID, "Pseudonym of the series that was read"),
        col("model", TEXT, "Name of the model"),
        col("weights_version", TEXT, "sha256 of the weights that said it"),
        col("learned_from", INT, "Patients that the weights learned from"),
        col("probability", FLOAT, "Of a tumour in the series, 0 to 1"),
        col("low", FLOAT, "Lower end of the central 90 % of the model's own uncertainty"),
        col("high", FLOAT, "Upper end of the central 90 % of the model's own uncertainty"),
        col("slices", postgresql.ARRAY(FLOAT), "Probability of each slice, from the feet"),
        col("slice_number", INT, "The slice that speaks most for it, from 1, from the feet"),
        col("instance_uid", ID, "Pseudonym of the image with this slice"),
        ROW,
    ],
    key=("scan_uid", "revision"),
)


def upgrade() -> None:
    """Go to this version."""
    SLICE_SCORES.make()
    run("views_0027.sql")
