"""A view of the cards of the weights in service."""

from migrations.scripts import describe, run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORDS = {
    "model": "Name of the model",
    "weights_version": "sha256 of the weights",
    "active_since": "In service since",
    "leads": "Endpoints and diseases for which they lead now",
    "card": "The card, without hashes of patients",
}


def upgrade() -> None:
    """Go to this version."""
    run("views_0005.sql")
    describe(WORDS, "model_card")
