"""Standing rows of a patient's course: visits, verdicts of criteria and open questions, written by folds only."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION

from stream.storage.schema.base import ADDED, LATER, UNHASHED, Id, Table, Time, col, hashes, key, metadata, xact


def _standing(
    name: str, comment: str, keys: list[sa.Column[Any]], values: list[sa.Column[Any]], sought_by: Sequence[str] = ()
) -> Table:
    """A table of rows that a fold writes and another ends; of its `keys` exactly one row of a patient stands.

    Rows of a patient are `sought_by` these columns.
    """
    names = [column.name for column in keys]
    return sa.Table(
        name,
        metadata,
        key("fold_id", sa.BigInteger, "Fold that wrote it"),
        *keys,
        col("patient_id", Id, "Timeline"),
        *values,
        col("computed_at", Time, "Time of the fold", info=UNHASHED),
        col("superseded_by", sa.BigInteger, "Fold that ended it; null: stands", null=True, info=LATER),
        col("superseded_at", Time, "Time of that fold", null=True, info=UNHASHED),
        col("superseded_because", sa.Text, "Why it no longer stands", null=True, info=LATER),
        xact(),
        *hashes(later=True),
        sa.Index(
            f"{name}_standing_uq", "patient_id", *names, unique=True, postgresql_where=sa.text("superseded_by IS NULL")
        ),
        sa.Index(f"{name}_patient_id_ix", "patient_id", *sought_by),
        sa.Index(f"{name}_superseded_by_ix", "superseded_by", postgresql_where=sa.text("superseded_by IS NOT NULL")),
        comment=comment,
    )


visits = _standing(
    "visits",
    "The scans of each assessment, and what they say of lesions together",
    [key("scan_uid", Id, "Last scan of the visit")],
    [
        col("at", Time, "When its first scan was acquired"),
        col("line", sa.Integer, "Line of therapy: that whose baseline it is, else the one in force before it"),
        col("scans", ARRAY(sa.Text), "Its scans in their order"),
        col("time_point", sa.Text, "Clinical Trial Time Point ID that joins them", null=True),
        col("disease", sa.Text, "Disease that its scans tell"),
        col("x", sa.Text, "JSON list of the features that models see; null: those of its last scan", null=True),
        col("begins_line", sa.Boolean, "Whether a later line starts from it, and with it the history that models see"),
        col(
            "lesions", sa.Text, "JSON list of its lesions followed over time: finding, lesion_id, role, evidence, score"
        ),
        col("rules", sa.Integer, "Version of the rules that the course was told by", null=True, info=ADDED),
    ],
    sought_by=("at",),
)

responses = _standing(
    "responses",
    "What each criterion says of each visit in each line",
    [
        key("criterion", sa.Text, "Criterion, such as RECIST 1.1"),
        key("line", sa.Integer, "Line of therapy"),
        key("scan_uid", Id, "Last scan of the visit"),
    ],
    [
        col("revision", sa.Integer, "Revision of that scan"),
        col("at", Time, "When the visit's first scan was acquired"),
        col("category", sa.Text, "The verdict; null at the baseline", null=True),
        col("target_category", sa.Text, "Of the targets alone", null=True),
        col("non_target_category", sa.Text, "Of the other lesions alone", null=True),
        col("new_lesions", sa.Integer, "New lesions that are there"),
        col("sum_of_diameters", DOUBLE_PRECISION, "Sum of the targets; null unless all were evaluated", null=True),
        col("baseline_sum", DOUBLE_PRECISION, "Sum at the baseline", null=True),
        col("nadir_sum", DOUBLE_PRECISION, "Smallest complete sum before the visit", null=True),
        col("nadir_at", Time, "When the nadir was acquired", null=True),
        col("percent_from_baseline", DOUBLE_PRECISION, "Change of the sum from the baseline, %", null=True),
        col("percent_from_nadir", DOUBLE_PRECISION, "Change of the sum from the nadir, %", null=True),
        col("best_overall", sa.Text, "Best response of the line so far", null=True),
        col("confirmed", sa.Boolean, "Whether it confirms a response seen at least 28 days earlier"),
        col("trace", sa.Text, "The verdict as a sentence: rule, lesions, reference, arithmetic"),
    ],
    sought_by=("line", "at"),
)

endpoint_statuses = _standing(
    "endpoint_statuses",
    "Whether each question is open in each line",
    [key("line", sa.Integer, "Line of therapy"), key("endpoint", sa.Text, "Endpoint")],
    [
        col("status", sa.Text, "open, occurred, known, closed, no_baseline, not_measurable or disease_unknown"),
        col("since", Time, "Since when", null=True),
        col("because", sa.Text, "Why, as a sentence"),
        col("scan_uid", Id, "Last scan of the visit that decided it", null=True),
        col("baseline_at", Time, "When the baseline of the line was acquired", null=True),
        col("nadir_at", Time, "When the nadir of the line was acquired", null=True),
    ],
)
