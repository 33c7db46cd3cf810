"""What scans say of lesions, and the visits, verdicts and open questions that folds derive from it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.scripts import run
from migrations.tables_0001.columns import (
    BIGINT,
    BOOL,
    FLOAT,
    ID,
    INT,
    JSON,
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

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FINDINGS = Table(
    "findings",
    "What a scan revision says of lesions, measured or not: what criteria judge by",
    [
        col("scan_uid", ID, "Pseudonym of the study"),
        col("revision", INT, "Counts from 1 per scan"),
        col("lesions", JSON, "What is said of each lesion: a list, fields as in models.criteria.finding"),
        col("stated_sum_mm", FLOAT, "Sum of diameters, mm, that was stated without lesions", null=True),
        col("time_point", TEXT, "Clinical Trial Time Point ID (0012,0050) that the files agree on", null=True),
        ROW,
    ],
    key=("scan_uid", "revision"),
)


def _standing(name: str, comment: str, keys: list[str], columns: list[Column]) -> Table:
    return Table(
        name,
        comment,
        [
            col("fold_id", BIGINT, "Fold that wrote it"),
            *columns[: len(keys)],
            col("patient_id", ID, "Timeline"),
            *columns[len(keys) :],
            col("computed_at", TIME, "Time of the fold"),
            col("superseded_by", BIGINT, "Fold that ended it; null: stands", null=True),
            col("superseded_at", TIME, "Time of that fold", null=True),
            col("superseded_because", TEXT, "Why it no longer stands", null=True),
            XACT,
            ROW,
            LATER,
        ],
        key=("fold_id", *keys),
        indexes=[
            Index(f"{name}_standing_uq", ["patient_id", *keys], where="superseded_by IS NULL"),
            Index(f"{name}_superseded_by_ix", ["superseded_by"], where="superseded_by IS NOT NULL"),
        ],
    )


STANDING = (
    _standing(
        "visits",
        "The scans of each assessment, and what they say of lesions together",
        ["scan_uid"],
        [
            col("scan_uid", ID, "Last scan of the visit"),
            col("at", TIME, "When its first scan was acquired"),
            col("line", INT, "Line of therapy: that whose baseline it is, else the one in force before it"),
            col("scans", ARRAY(sa.Text()), "Its scans in their order"),
            col("time_point", TEXT, "Clinical Trial Time Point ID that joins them", null=True),
            col("disease", TEXT, "Disease that its scans tell"),
            col("x", TEXT, "JSON list of the features that models see; null: those of its last scan", null=True),
            col("begins_line", BOOL, "Whether a later line starts from it, and with it the history that models see"),
            col(
                "lesions",
                TEXT,
                "JSON list of its lesions followed over time: finding, lesion_id, role, evidence, score",
            ),
        ],
    ),
    _standing(
        "responses",
        "What each criterion says of each visit in each line",
        ["criterion", "line", "scan_uid"],
        [
            col("criterion", TEXT, "Criterion, such as RECIST 1.1"),
            col("line", INT, "Line of therapy"),
            col("scan_uid", ID, "Last scan of the visit"),
            col("revision", INT, "Revision of that scan"),
            col("at", TIME, "When the visit's first scan was acquired"),
            col("category", TEXT, "The verdict; null at the baseline", null=True),
            col("target_category", TEXT, "Of the targets alone", null=True),
            col("non_target_category", TEXT, "Of the other lesions alone", null=True),
            col("new_lesions", INT, "New lesions that are there"),
            col("sum_of_diameters", FLOAT, "Sum of the targets; null unless all were evaluated", null=True),
            col("baseline_sum", FLOAT, "Sum at the baseline", null=True),
            col("nadir_sum", FLOAT, "Smallest complete sum before the visit", null=True),
            col("nadir_at", TIME, "When the nadir was acquired", null=True),
            col("percent_from_baseline", FLOAT, "Change of the sum from the baseline, %", null=True),
            col("percent_from_nadir", FLOAT, "Change of the sum from the nadir, %", null=True),
            col("best_overall", TEXT, "Best response of the line so far", null=True),
            col("confirmed", BOOL, "Whether it confirms a response seen at least 28 days earlier"),
            col("trace", TEXT, "The verdict as a sentence: rule, lesions, reference, arithmetic"),
        ],
    ),
    _standing(
        "endpoint_statuses",
        "Whether each question is open in each line",
        ["line", "endpoint"],
        [
            col("line", INT, "Line of therapy"),
            col("endpoint", TEXT, "Endpoint"),
            col("status", TEXT, "open, occurred, known, closed, no_baseline, not_measurable or disease_unknown"),
            col("since", TIME, "Since when", null=True),
            col("because", TEXT, "Why, as a sentence"),
            col("scan_uid", ID, "Last scan of the visit that decided it", null=True),
            col("baseline_at", TIME, "When the baseline of the line was acquired", null=True),
            col("nadir_at", TIME, "When the nadir of the line was acquired", null=True),
        ],
    ),
)


def upgrade() -> None:
    """Go to this version."""
    for table in (FINDINGS, *STANDING):
        table.make()
    line = sa.Column("line", sa.Integer(), nullable=True, comment="Line of therapy that it is said to belong to")
    op.add_column("treatments", line, schema="core")
    run("views_0012.sql")
