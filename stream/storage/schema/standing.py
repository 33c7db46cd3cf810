"""Standing rows: derived from the facts, written by folds only."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, DOUBLE_PRECISION

from stream.storage.schema.base import LATER, SCHEMA, UNHASHED, Id, Time, col, hashes, key, metadata, xact

fold_ids = sa.Sequence("fold_ids", metadata=metadata, schema=SCHEMA)

heads = sa.Table(
    "heads",
    metadata,
    key("patient_id", Id, "Timeline"),
    col("version", sa.Integer, "Number of folds so far"),
    col("changed_at", Time, "Time of the last fold"),
    col("fold_digest", BYTEA, "Digest of the last fold"),
    comment="One row per timeline: its version, locked by whoever folds",
    postgresql_with={"fillfactor": 70},
)

folds = sa.Table(
    "folds",
    metadata,
    key("fold_id", sa.BigInteger, "Names the fold"),
    col("patient_id", Id, "Timeline"),
    col("head_version", sa.Integer, "Version of the head it made"),
    col("cause", sa.Text, "Why it was folded"),
    col("from_position", sa.Integer, "First position folded again; null: none", null=True),
    col("computed_at", Time, "One time for all rows of the fold"),
    col("rows_digest", BYTEA, "Hash over all rows written and ended"),
    col("digest", BYTEA, "Hash over this row and the fold before"),
    xact(),
    sa.UniqueConstraint("patient_id", "head_version"),
    comment="Every fold: one transaction that brought a timeline into line with its facts",
)

ledger = sa.Table(
    "ledger",
    metadata,
    key("kind", sa.Text, "scan, treatment, clinical, rejection or identity"),
    key("id", Id, "scan_uid, treatment_id, received_as, scan_uid/revision or seq"),
    key("revision", sa.Integer, "Revision"),
    col("fold_id", sa.BigInteger, "Fold that first saw it"),
    xact(),
    *hashes(),
    sa.Index("ledger_fold_id_ix", "fold_id"),
    comment="What was taken into account, exactly once",
)

placements = sa.Table(
    "placements",
    metadata,
    key("fold_id", sa.BigInteger, "Fold that placed it"),
    key("kind", sa.Text, "scan or treatment"),
    key("id", Id, "scan_uid or treatment_id"),
    col("patient_id", Id, "Timeline"),
    col("revision", sa.Integer, "Revision that stands"),
    col("at", Time, "Where on the timeline"),
    col("placed_at", Time, "Time of the fold", info=UNHASHED),
    col("ended_by", sa.BigInteger, "Fold that ended it; null: stands", null=True, info=LATER),
    col("ended_at", Time, "Time of that fold", null=True, info=UNHASHED),
    xact(),
    *hashes(later=True),
    sa.Index("placements_standing_uq", "kind", "id", unique=True, postgresql_where=sa.text("ended_by IS NULL")),
    sa.Index("placements_placed_at_ix", "placed_at", postgresql_where=sa.text("kind = 'scan'")),
    sa.Index("placements_patient_id_ix", "patient_id", "at", postgresql_where=sa.text("ended_by IS NULL")),
    sa.Index("placements_ended_by_ix", "ended_by", postgresql_where=sa.text("ended_by IS NOT NULL")),
    comment="What stands or stood on which timeline",
)

states = sa.Table(
    "states",
    metadata,
    key("fold_id", sa.BigInteger, "Fold that wrote it"),
    key("weights_version", sa.Text, "Weights"),
    key("scan_uid", Id, "Scan the state stands after"),
    col("patient_id", Id, "Timeline"),
    col("revision", sa.Integer, "Revision of the scan"),
    col("at", Time, "Where on the timeline"),
    col("position", sa.Integer, "Position on the timeline, treatments counted"),
    col(
        "state",
        BYTEA,
        "float32 little-endian, layout in the card; emptied when long superseded",
        null=True,
        info=UNHASHED,
    ),
    col("state_sha256", BYTEA, "Hash of the state's bytes"),
    col("digest", BYTEA, "Hash of the timeline up to here: right exactly if it equals the facts'"),
    col("superseded_by", sa.BigInteger, "Fold that ended it; null: stands", null=True, info=LATER),
    xact(),
    *hashes(later=True),
    sa.Index(
        "states_standing_uq",
        "weights_version",
        "scan_uid",
        unique=True,
        postgresql_where=sa.text("superseded_by IS NULL"),
    ),
    sa.Index(
        "states_position_uq",
        "patient_id",
        "weights_version",
        "position",
        unique=True,
        postgresql_where=sa.text("superseded_by IS NULL"),
    ),
    sa.Index("states_superseded_by_ix", "superseded_by", postgresql_where=sa.text("superseded_by IS NOT NULL")),
    comment="The recurrent state after each timepoint",
)


def _fold_times() -> list[sa.Column[Any]]:
    """When the fold was that wrote a forecast, and which ended it, when and why."""
    return [
        col("computed_at", Time, "Time of the fold", info=UNHASHED),
        col("superseded_by", sa.BigInteger, "Fold that ended it; null: stands", null=True, info=LATER),
        col("superseded_at", Time, "Time of that fold", null=True, info=UNHASHED),
        col("superseded_because", sa.Text, "Why it no longer stands", null=True, info=LATER),
    ]


def _forecast_table(
    name: str, comment: str, keys: list[sa.Column[Any]], values: list[sa.Column[Any]], sought_by: Sequence[str] = ()
) -> sa.Table:
    """A table keyed and superseded like forecasts; `keys` tell its rows of one scan and weights version apart.

    Rows of a patient are `sought_by` these columns.
    """
    return sa.Table(
        name,
        metadata,
        col("fold_id", sa.BigInteger, "Fold that wrote it"),
        col("weights_version", sa.Text, "Weights"),
        col("scan_uid", Id, "Scan the forecast stands on"),
        col("patient_id", Id, "Timeline it was shown under"),
        col("disease", sa.Text, "Disease of the scan"),
        col("revision", sa.Integer, "Revision of the scan"),
        col("at", Time, "acquired_at of the scan"),
        *keys,
        *values,
        *_fold_times(),
        xact(),
        *hashes(later=True),
        *_forecast_indexes(name, [column.name for column in keys], sought_by),
        comment=comment,
    )


def _forecast_indexes(name: str, keys: Sequence[str], sought_by: Sequence[str]) -> list[sa.Index]:
    of_scan = "weights_version", "scan_uid", *keys
    stands, ended = sa.text("superseded_by IS NULL"), sa.text("superseded_by IS NOT NULL")
    return [
        sa.Index(f"{name}_uq", "fold_id", *of_scan, unique=True, postgresql_nulls_not_distinct=True),
        sa.Index(
            f"{name}_standing_uq", *of_scan, unique=True, postgresql_where=stands, postgresql_nulls_not_distinct=True
        ),
        sa.Index(f"{name}_patient_id_ix", "patient_id", *sought_by),
        sa.Index(f"{name}_superseded_by_ix", "superseded_by", postgresql_where=ended),
    ]


forecasts = _forecast_table(
    "forecasts",
    "Every risk ever forecast",
    [
        col("endpoint", sa.Text, "Endpoint"),
        col("horizon_kind", sa.Text, "days, next_visit, end_of_treatment or now"),
        col("horizon_days", sa.Integer, "Days, only with horizon_kind days", null=True),
    ],
    [
        col("risk", DOUBLE_PRECISION, "Probability of the endpoint within the horizon"),
        col("risk_low", DOUBLE_PRECISION, "5 % of the model's own uncertainty"),
        col("risk_high", DOUBLE_PRECISION, "95 % of the model's own uncertainty"),
        col("tip", sa.Boolean, "The latest standing one of its kind", info=UNHASHED),
    ],
    sought_by=("at",),
)
forecasts.append_constraint(
    sa.CheckConstraint("0 <= risk_low AND risk_low <= risk AND risk <= risk_high AND risk_high <= 1", name="interval")
)
sa.Index(
    "forecasts_tip_uq",
    *(
        forecasts.c[name]
        for name in ("patient_id", "weights_version", "endpoint", "disease", "horizon_kind", "horizon_days")
    ),
    unique=True,
    postgresql_where=sa.text("tip"),
    postgresql_nulls_not_distinct=True,
)

size_forecasts = _forecast_table(
    "size_forecasts",
    "Sizes forecast for coming days, a row for all days and levels of a measurement",
    [col("lesion_uid", Id, "Lesion; null: whole patient", null=True), col("measurement", sa.Text, "What is forecast")],
    [
        col("horizon_days", ARRAY(sa.Integer), "Days ahead (D)"),
        col("level", ARRAY(DOUBLE_PRECISION), "Coverages of the intervals (L)"),
        col("value", ARRAY(DOUBLE_PRECISION), "Forecast values (D)"),
        col("value_low", ARRAY(DOUBLE_PRECISION), "Lower bounds (D × L)"),
        col("value_high", ARRAY(DOUBLE_PRECISION), "Upper bounds (D × L)"),
    ],
)
size_forecasts.append_constraint(
    sa.CheckConstraint(
        "cardinality(value) = cardinality(horizon_days) AND array_length(value_low, 1) = cardinality(value) "
        "AND array_length(value_low, 2) = cardinality(level) AND array_dims(value_low) = array_dims(value_high) "
        "AND 0 <= ALL(value_low) AND 'Infinity' > ALL(value_low) AND 'Infinity' > ALL(value) "
        "AND 'Infinity' > ALL(value_high)",
        name="shape",
    )
)

growth_maps = _forecast_table(
    "growth_maps",
    "Where lesions will be on coming days, a row for each lesion and day",
    [col("lesion_uid", Id, "Lesion, as it is followed"), col("horizon_days", sa.Integer, "Days ahead")],
    [
        col("volume_now", DOUBLE_PRECISION, "Volume of the last outline, ml"),
        col("volume", DOUBLE_PRECISION, "Volume forecast, ml"),
        col("volume_low", DOUBLE_PRECISION, "Lower end of its central 90 %, ml"),
        col("volume_high", DOUBLE_PRECISION, "Upper end of its central 90 %, ml"),
        col("drawn_from", DOUBLE_PRECISION, "Chance from which on a voxel is drawn as inside"),
        col("outline", BYTEA, "The last outline: a bit for each of 40 x 40 x 40 voxels of 2 mm, slices from the feet"),
        col("chance", BYTEA, "Chance that a voxel is inside: a byte from 0 to 255 for each"),
    ],
)
growth_maps.append_constraint(
    sa.CheckConstraint("0 <= volume_low AND volume_low <= volume AND volume <= volume_high", name="interval")
)

response_probabilities = _forecast_table(
    "response_probabilities",
    "Probabilities of the best response, a row for all categories of a criterion",
    [col("criterion", sa.Text, "Criterion, such as RECIST 1.1")],
    [
        col("cr", DOUBLE_PRECISION, "Probability of a complete response"),
        col("pr", DOUBLE_PRECISION, "Probability of a partial response"),
        col("sd", DOUBLE_PRECISION, "Probability of stable disease"),
        col("pd", DOUBLE_PRECISION, "Probability of progressive disease"),
    ],
)
response_probabilities.append_constraint(
    sa.CheckConstraint("0 <= least(cr, pr, sd, pd) AND abs(cr + pr + sd + pd - 1) < 1e-4", name="whole")
)
