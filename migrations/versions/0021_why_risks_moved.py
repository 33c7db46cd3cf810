"""Why risks moved is worked out once and kept."""

from migrations.scripts import run
from migrations.tables_0001.columns import BIGINT, ID, JSON, ROW, TEXT, TIME, Index, Table, col

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

EXPLANATIONS = Table(
    "explanations",
    "Why risks are what they are: of the forecasts of one endpoint that one fold made after one scan",
    [
        col("fold_id", BIGINT, "Fold that wrote the forecasts"),
        col("weights_version", TEXT, "Weights that made them"),
        col("scan_uid", ID, "Scan they stand on"),
        col("endpoint", TEXT, "Endpoint"),
        col("patient_id", ID, "Timeline they were shown under"),
        col("explained_at", TIME, "When it was worked out"),
        col("says", JSON, "Risks before and now, parts, what is unusual, other arms, gates"),
        ROW,
    ],
    key=("fold_id", "weights_version", "scan_uid", "endpoint"),
    indexes=[Index("explanations_patient_id_ix", ["patient_id"])],
)
UNEXPLAINED = Table(
    "unexplained",
    "Timelines whose risks may be new and wait to be explained; a row goes with the transaction that does it",
    [
        col("patient_id", ID, "Timeline"),
        col("since", TIME, "Time of the fold, or of the change of weights that lead"),
    ],
    key=("patient_id", "since"),
    indexes=[Index("unexplained_since_ix", ["since"])],
)


def upgrade() -> None:
    """Go to this version."""
    EXPLANATIONS.make()
    UNEXPLAINED.make()
    run("views_0021.sql")
