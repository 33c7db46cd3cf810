"""The tables for what was ever forecast, all keyed and superseded alike; those of version 0001."""

from collections.abc import Sequence

from migrations.tables_0001.columns import (
    BIGINT,
    BOOL,
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

OF_SCAN = (
    col("fold_id", BIGINT, "Fold that wrote it"),
    col("weights_version", TEXT, "Weights"),
    col("scan_uid", ID, "Scan the forecast stands on"),
    col("patient_id", ID, "Timeline it was shown under"),
    col("disease", TEXT, "Disease of the scan"),
    col("revision", INT, "Revision of the scan"),
    col("at", TIME, "acquired_at of the scan"),
)
STANDS = (
    col("computed_at", TIME, "Time of the fold"),
    col("superseded_by", BIGINT, "Fold that ended it; null: stands", null=True),
    col("superseded_at", TIME, "Time of that fold", null=True),
    col("superseded_because", TEXT, "Why it no longer stands", null=True),
)


def like_forecasts(
    name: str,
    comment: str,
    names: Sequence[str],
    columns: Sequence[Column],
    *more: Index,
    check: tuple[str, str] | None = None,
) -> Table:
    """A table keyed and superseded like forecasts; `names` tell its rows of one scan and weights apart."""
    return Table(
        name,
        comment,
        [*OF_SCAN, *columns, *STANDS, XACT, ROW, LATER],
        check=check,
        indexes=[
            Index(f"{name}_patient_id_ix", ["patient_id"]),
            Index(
                f"{name}_standing_uq",
                ["weights_version", "scan_uid", *names],
                where="superseded_by IS NULL",
                nulls_distinct=False,
            ),
            Index(f"{name}_superseded_by_ix", ["superseded_by"], where="superseded_by IS NOT NULL"),
            *more,
            Index(f"{name}_uq", ["fold_id", "weights_version", "scan_uid", *names], nulls_distinct=False),
        ],
    )


TABLES = (
    like_forecasts(
        "forecasts",
        "Every risk ever forecast",
        ["endpoint", "horizon_kind", "horizon_days"],
        [
            col("endpoint", TEXT, "Endpoint"),
            col("horizon_kind", TEXT, "days, next_visit, end_of_treatment or now"),
            col("horizon_days", INT, "Days, only with horizon_kind days", null=True),
            col("risk", FLOAT, "Probability of the endpoint within the horizon"),
            col("risk_low", FLOAT, "5 % of the model's own uncertainty"),
            col("risk_high", FLOAT, "95 % of the model's own uncertainty"),
            col("tip", BOOL, "The latest standing one of its kind"),
        ],
        Index(
            "forecasts_tip_uq",
            ["patient_id", "weights_version", "endpoint", "disease", "horizon_kind", "horizon_days"],
            where="tip",
            nulls_distinct=False,
        ),
        check=("forecasts_interval_ck", "0 <= risk_low AND risk_low <= risk AND risk <= risk_high AND risk_high <= 1"),
    ),
    like_forecasts(
        "response_probabilities",
        "Probabilities of the response categories",
        ["criterion", "category"],
        [
            col("criterion", TEXT, "Criterion, such as RECIST 1.1"),
            col("category", TEXT, "CR, PR, SD or PD"),
            col("probability", FLOAT, "Probability of the category"),
        ],
    ),
    like_forecasts(
        "size_forecasts",
        "Sizes forecast for a later day",
        ["lesion_uid", "measurement", "horizon_days", "level"],
        [
            col("lesion_uid", ID, "Lesion; null for the sum", null=True),
            col("measurement", TEXT, "What is forecast"),
            col("horizon_days", INT, "Days ahead"),
            col("level", FLOAT, "Coverage of the interval"),
            col("value", FLOAT, "Forecast value"),
            col("value_low", FLOAT, "Lower bound"),
            col("value_high", FLOAT, "Upper bound"),
        ],
    ),
)
