"""What cannot be explained is told with why, and when a timeline last moved is read off the newest fold."""

from migrations.scripts import run
from migrations.tables_0001.columns import BIGINT, ID, TEXT, TIME, Index, Table, col

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

UNEXPLAINABLE = Table(
    "unexplainable",
    "Forecasts whose explanation failed at the last try; a row goes when their timeline is tried again",
    [
        col("fold_id", BIGINT, "Fold that wrote the forecasts"),
        col("weights_version", TEXT, "Weights that made them"),
        col("scan_uid", ID, "Scan they stand on"),
        col("endpoint", TEXT, "Endpoint"),
        col("patient_id", ID, "Timeline they were shown under"),
        col("tried_at", TIME, "When it was tried"),
        col("reason", TEXT, "Why it failed, in words"),
    ],
    key=("fold_id", "weights_version", "scan_uid", "endpoint"),
    indexes=[Index("unexplainable_patient_id_ix", ["patient_id"])],
)


def upgrade() -> None:
    """Go to this version."""
    UNEXPLAINABLE.make()
    run("views_0028.sql")
