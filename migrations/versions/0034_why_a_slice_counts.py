"""Why a slice was said to show tumour: the slice, maps of what counts in it, gates along the series."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.scripts import run
from migrations.tables_0001.columns import BYTES, FLOAT

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

GATES = "Four rows over the slices: what is let in, kept and shown, from 0 to 1, and what is remembered"
COLUMNS = (
    ("picture", BYTES, "That slice as the model saw it, PNG, 8-bit grey"),
    ("occlusion", BYTES, "The same size: where covering lowers its probability, white most"),
    ("gradient", BYTES, "The same size: where its probability depends on the pixels"),
    ("gates", ARRAY(FLOAT), GATES),
)


def upgrade() -> None:
    """Go to this version."""
    for name, kind, comment in COLUMNS:
        op.add_column("slice_scores", sa.Column(name, kind, nullable=True, comment=comment), schema="core")
    run("views_0034.sql")
