"""The worklist as a table that follows what stands, and who has acknowledged it."""

import sqlalchemy as sa
from alembic import op

from migrations.scripts import run
from migrations.tables_0001.columns import FLOAT, ID, INT, ROW, TEXT, TIME, Index, Table, col

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ACKNOWLEDGEMENTS = Table(
    "acknowledgements",
    "Who has seen what was new of a patient",
    [
        col("acknowledgement_id", TEXT, "Names it"),
        col("patient_id", ID, "Timeline that was looked at"),
        col("at", TIME, "When"),
        col("by", TEXT, "Who"),
        col("note", TEXT, "What they noted"),
        ROW,
    ],
    key=("acknowledgement_id",),
    indexes=[Index("acknowledgements_patient_id_ix", ["patient_id", "at"])],
)
WORKLIST = Table(
    "worklist",
    "One row per timeline of what the worklist shows; what core.worklist_afresh gives at every commit",
    [
        col("patient_id", ID, "Timeline"),
        col("disease", TEXT, "Disease that the clinical facts say, else the last visit", null=True),
        col("trial", TEXT, "Trial that the clinical facts say", null=True),
        col("arm", TEXT, "Arm of the trial", null=True),
        col("line", INT, "Line of therapy of the last visit"),
        col("last_scan_uid", ID, "Last scan that counts; null: none does", null=True),
        col("last_revision", INT, "Its revision", null=True),
        col("last_scan_at", TIME, "When it was acquired", null=True),
        col("last_offset_minutes", INT, "Of the zone that this was stated in", null=True),
        col("due_at", TIME, "When the next visit counts as overdue", null=True),
        col("doubtful_lesions", INT, "Lesions of the last visit that may be others", null=True),
        col("criterion", TEXT, "Criterion of the verdict", null=True),
        col("response", TEXT, "Verdict of the last judged visit; null at a baseline", null=True),
        col("response_at", TIME, "When that visit was acquired", null=True),
        col("sum_now", FLOAT, "Sum of the targets", null=True),
        col("nadir_sum", FLOAT, "Smallest complete sum before the visit", null=True),
        col("nadir_at", TIME, "When the nadir was acquired", null=True),
        col("percent_from_nadir", FLOAT, "Change of the sum from the nadir, %", null=True),
        col("percent_from_baseline", FLOAT, "Change of the sum from the baseline, %", null=True),
        col("new_lesions", INT, "New lesions that are there", null=True),
        col("progressed_at", TIME, "Since when the line counts as progressed", null=True),
        col("endpoint", TEXT, "What is asked first", null=True),
        col("question", TEXT, "Status of that question", null=True),
        col("question_since", TIME, "Since when it is not open", null=True),
        col("horizon_kind", TEXT, "days, next_visit, end_of_treatment or now", null=True),
        col("horizon_days", INT, "Days, only with horizon_kind days", null=True),
        col("risk", FLOAT, "Probability of the endpoint within the horizon", null=True),
        col("risk_low", FLOAT, "5 % of the model's own uncertainty", null=True),
        col("risk_high", FLOAT, "95 % of the model's own uncertainty", null=True),
        col("weights_version", TEXT, "Weights that said it", null=True),
        col("risk_scan_uid", ID, "Scan the forecast stands on", null=True),
        col("risk_revision", INT, "Revision of that scan", null=True),
        col("risk_at", TIME, "When it was acquired", null=True),
        col("valid_until", TIME, "The last day that the forecast speaks of", null=True),
        col("stale_at", TIME, "When the forecast runs out or the visit after it is overdue", null=True),
        col("risk_before", FLOAT, "The same forecast of the scan before", null=True),
        col("risk_before_at", TIME, "When that scan was acquired", null=True),
        col("weights_before", TEXT, "Weights that said that one", null=True),
        col("news_at", TIME, "When the latest of all this was computed", null=True),
        col("acknowledged_at", TIME, "When somebody last acknowledged it", null=True),
        col("acknowledged_by", TEXT, "Who", null=True),
        col("note", TEXT, "What they noted", null=True),
    ],
    key=("patient_id",),
)


def upgrade() -> None:
    """Go to this version."""
    ACKNOWLEDGEMENTS.make()
    WORKLIST.make()
    unapplied, undecided = sa.text("status <> 'applied'"), sa.text("decision IS NULL")
    op.create_index("assembly_unapplied_ix", "assembly", ["scan_uid"], schema="core", postgresql_where=unapplied)
    op.create_index("set_asides_undecided_ix", "set_asides", ["item_id"], schema="core", postgresql_where=undecided)
    for table in ("visits", "responses", "endpoint_statuses"):  # views ask by superseded_at, which no index knows
        op.create_index(f"{table}_patient_id_ix", table, ["patient_id"], schema="core")
    run("views_0017.sql")
