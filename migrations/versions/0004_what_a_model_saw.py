"""Views of what a model saw at each scan and of which weights led when."""

from migrations.scripts import describe, run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WORDS = {
    "patient_id": "Pseudonym of the patient",
    "scan_uid": "Pseudonym of the scan (study)",
    "revision": "Revision of the scan, counts from 1",
    "acquired_at": "When the scan was acquired",
    "first_accepted_at": "When the first revision of the scan was accepted",
    "feature_version": "Rule the features were made by",
    "disease": "Disease of the scan",
    "x": "Features by name, in mm, ml, % or 1; null where missing",
    "clinical": "Clinical facts of the patient",
    "treatments": "Treatments that began before the scan; end_at null where it had not ended by then",
    "endpoint": "What is forecast",
    "model": "Name of the model",
    "weights_version": "sha256 of the weights",
    "since": "From when on they lead",
    "until": "Until when they led; null: they lead",
}


def upgrade() -> None:
    """Go to this version."""
    run("views_0004.sql")
    describe(WORDS, "timepoint", "leads")
