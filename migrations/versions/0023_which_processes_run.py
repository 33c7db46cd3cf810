"""Which processes run, how fast scans come and are applied, and how much room is left."""

import sqlalchemy as sa
from alembic import op

from migrations.scripts import run
from migrations.tables_0001.columns import BIGINT, INT, JSON, TEXT, TIME, Table, col

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

PROCESSES = Table(
    "processes",
    "Processes that run, or did within a day and have not ended in order; each keeps its row up to date",
    [
        col("process_id", TEXT, "Names one start of a process"),
        col("name", TEXT, "What it is called: gateway, worker-1"),
        col("part", TEXT, "gateway or worker"),
        col("device", TEXT, "cpu or the name of the GPU that it computes on; null: it computes nothing", null=True),
        col("version", TEXT, "Version of the code that it runs"),
        col("started_at", TIME, "When it started, by the clock of the database"),
        col("heard_at", TIME, "When it last said that it runs"),
        col("beats", BIGINT, "How many times it said so while it was heard: scanstream.pulse takes them off"),
        col("spooled", INT, "Records in its spool; null: it has none", null=True),
        col("disks", JSON, "File systems that it writes to: folders, free_bytes, total_bytes"),
    ],
    key=("process_id",),
    check=("processes_part_ck", "part IN ('gateway', 'worker')"),
)


def upgrade() -> None:
    """Go to this version."""
    PROCESSES.make()
    op.create_index("receipts_received_at_ix", "receipts", ["received_at"], schema="core")
    scans = sa.text("kind = 'scan'")
    op.create_index("placements_placed_at_ix", "placements", ["placed_at"], schema="core", postgresql_where=scans)
    run("views_0023.sql")
