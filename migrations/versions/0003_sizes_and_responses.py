"""Size forecasts and response probabilities as standing rows, one of each per scan, weights and what is forecast.

Until this version nothing wrote a row into either table, so that they are made anew instead of carried over.
"""

from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.scripts import describe, run
from migrations.tables_0001.columns import FLOAT, ID, INT, TEXT, col
from migrations.tables_0001.forecasts import like_forecasts

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WORDS = {
    "patient_id": "Pseudonym of the patient",
    "lesion_uid": "Pseudonym of the lesion; null: whole patient",
    "measurement": "What is forecast, in its usual unit",
    "horizon_days": "Days ahead, counted from acquired_at",
    "value": "Value forecast for that day",
    "value_low": "Lower end of the interval",
    "value_high": "Upper end of the interval",
    "level": "Coverage of the interval",
    "criterion": "Response criterion",
    "category": "CR, PR, SD or PD",
    "probability": "Probability of the category",
    "scan_uid": "Pseudonym of the scan (study)",
    "revision": "Revision of the scan, counts from 1",
    "acquired_at": "When the scan was acquired",
    "role": "lead: these weights led when the row ended, or lead now; else shadow",
    "model": "Name of the model",
    "weights_version": "sha256 of the weights that said it",
    "computed_at": "When it was computed",
    "superseded_at": "When it stopped standing; null: it stands",
}


SIZES = like_forecasts(
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
    check=(
        "size_forecasts_shape_ck",
        "cardinality(value) = cardinality(horizon_days) AND array_length(value_low, 1) = cardinality(value) "
        "AND array_length(value_low, 2) = cardinality(level) AND array_dims(value_low) = array_dims(value_high) "
        "AND 0 <= ALL(value_low) AND 'Infinity' > ALL(value_low) AND 'Infinity' > ALL(value) "
        "AND 'Infinity' > ALL(value_high)",
    ),
)
RESPONSES = like_forecasts(
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
    check=("response_probabilities_whole_ck", "0 <= least(cr, pr, sd, pd) AND abs(cr + pr + sd + pd - 1) < 1e-4"),
)


def upgrade() -> None:
    """Go to this version."""
    op.execute("DROP VIEW scanstream.size_forecast, scanstream.response_probability")
    for table in (SIZES, RESPONSES):
        op.drop_table(table.name, schema="core")
        table.make()
    run("views_0003.sql")
    describe(WORDS, "size_forecast", "response_probability")
