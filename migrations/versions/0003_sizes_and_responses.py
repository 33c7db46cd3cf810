"""Size forecasts and response probabilities as standing rows, one of each per scan, weights and what is forecast.

Until this version nothing wrote a row into either table, so that they are made anew instead of carried over.
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.tables_0001.columns import (
    BIGINT,
    FLOAT,
    ID,
    INT,
    LATER,
    ROW,
    TEXT,
    TIME,
    XACT,
    Column,
    Index,
    Table,
    col,
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1]


def _like_forecasts(
    name: str, comment: str, names: Sequence[str], columns: Sequence[Column], check: tuple[str, str]
) -> Table:
    """A table keyed and superseded like forecasts; `names` tell its rows of one scan and weights apart."""
    stands = [
        col("computed_at", TIME, "Time of the fold"),
        col("superseded_by", BIGINT, "Fold that ended it; null: stands", null=True),
        col("superseded_at", TIME, "Time of that fold", null=True),
        col("superseded_because", TEXT, "Why it no longer stands", null=True),
    ]
    return Table(
        name, comment, [*OF_SCAN, *columns, *stands, XACT, ROW, LATER], check=check,
        indexes=[
            Index(f"{name}_patient_id_ix", ["patient_id"]),
            Index(f"{name}_standing_uq", ["weights_version", "scan_uid", *names], where="superseded_by IS NULL",
                  nulls_distinct=False),
            Index(f"{name}_superseded_by_ix", ["superseded_by"], where="superseded_by IS NOT NULL"),
            Index(f"{name}_uq", ["fold_id", "weights_version", "scan_uid", *names], nulls_distinct=False),
        ],
    )  # fmt: skip


OF_SCAN = (
    col("fold_id", BIGINT, "Fold that wrote it"),
    col("weights_version", TEXT, "Weights"),
    col("scan_uid", ID, "Scan the forecast stands on"),
    col("patient_id", ID, "Timeline it was shown under"),
    col("disease", TEXT, "Disease of the scan"),
    col("revision", INT, "Revision of the scan"),
    col("at", TIME, "acquired_at of the scan"),
)
SIZES = _like_forecasts(
    "size_forecasts",
    "Sizes forecast for coming days, a row for all days and levels of a measurement",
    ["lesion_uid", "measurement"],
    [
        col("lesion_uid", ID, "Lesion; null: whole patient", null=True),
        col("measurement", TEXT, "What is forecast"),
        col("horizon_days", ARRAY(INT), "Days ahead (D)"),
        col("level", ARRAY(FLOAT), "Coverages of the intervals (L)"),
        col("value", ARRAY(FLOAT), "Forecast values (D)"),
        col("value_low", ARRAY(FLOAT), "Lower bounds (D × L)"),
        col("value_high", ARRAY(FLOAT), "Upper bounds (D × L)"),
    ],
    (
        "size_forecasts_shape_ck",
        "cardinality(value) = cardinality(horizon_days) AND array_length(value_low, 1) = cardinality(value) "
        "AND array_length(value_low, 2) = cardinality(level) AND array_dims(value_low) = array_dims(value_high) "
        "AND 0 <= ALL(value_low) AND 'Infinity' > ALL(value_low) AND 'Infinity' > ALL(value) "
        "AND 'Infinity' > ALL(value_high)",
    ),
)
RESPONSES = _like_forecasts(
    "response_probabilities",
    "Probabilities of the best response, a row for all categories of a criterion",
    ["criterion"],
    [
        col("criterion", TEXT, "Criterion, such as RECIST 1.1"),
        col("cr", FLOAT, "Probability of a complete response"),
        col("pr", FLOAT, "Probability of a partial response"),
        col("sd", FLOAT, "Probability of stable disease"),
        col("pd", FLOAT, "Probability of progressive disease"),
    ],
    ("response_probabilities_whole_ck", "0 <= least(cr, pr, sd, pd) AND abs(cr + pr + sd + pd - 1) < 1e-4"),
)


def upgrade() -> None:
    """Go to this version."""
    op.execute("DROP VIEW scanstream.size_forecast, scanstream.response_probability")
    for table in (SIZES, RESPONSES):
        op.drop_table(table.name, schema="core")
        table.make()
    op.get_bind().connection.cursor().execute((SQL / "views_0003.sql").read_text())
