"""What is latest of a patient is found by an index, however long the history is."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SOUGHT_BY = {"visits": ["at"], "responses": ["line", "at"], "forecasts": ["at"]}


def upgrade() -> None:
    """Go to this version."""
    for table, columns in SOUGHT_BY.items():
        op.drop_index(f"{table}_patient_id_ix", table, schema="core")
        op.create_index(f"{table}_patient_id_ix", table, ["patient_id", *columns], schema="core")
    stands = sa.text("ended_by IS NULL")
    op.drop_index("placements_patient_id_ix", "placements", schema="core")
    op.create_index(
        "placements_patient_id_ix", "placements", ["patient_id", "at"], schema="core", postgresql_where=stands
    )
