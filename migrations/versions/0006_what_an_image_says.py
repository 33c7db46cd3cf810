"""Views where a scan may have the features of its image beside those of what was measured."""

from migrations.scripts import describe, run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WORDS = {
    "patient_id": "Pseudonym of the patient",
    "scan_uid": "Pseudonym of the scan (study)",
    "revision": "Revision of the scan, counts from 1",
    "acquired_at": "When the scan was acquired",
    "first_accepted_at": "When the first revision of the scan was accepted",
    "feature_version": "Rule the features were made by: with or without an image",
    "disease": "Disease of the scan",
    "x": "Features by name, in mm, ml, %, bit or 1; null where missing",
    "clinical": "Clinical facts of the patient",
    "treatments": "Treatments that began before the scan; end_at null where it had not ended by then",
}


def upgrade() -> None:
    """Go to this version."""
    run("views_0006.sql")
    describe(WORDS, "timepoint")
