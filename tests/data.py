"""The follow-up data of real patients that lies beside the checkout; tests that use it skip where it is missing."""

from pathlib import Path

from tests.programs import missing

_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data() -> Path:
    """Folder with ispy2, immunotherapy and brain_tumor_progression; skips (in CI: fails) where there is none."""
    if not _FOLDER.is_dir():
        missing(f"needs the sample data in {_FOLDER}")
    return _FOLDER
