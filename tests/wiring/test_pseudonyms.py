"""A service does not go on with patients whose pseudonyms it could not make again."""

from pathlib import Path

import pytest

from stream.dicom.pseudonyms import Pseudonyms, load_or_make_key
from stream.errors import CannotStart
from stream.wiring.pseudonyms import check_key, compared_pseudonyms
from tests.database import Database

STUDY = "1.2.840.1"


def test_a_key_that_is_missing_or_of_another_service_is_found_at_the_start(database: Database, tmp_path: Path) -> None:
    settings = database.settings.model_copy(update={"data_dir": tmp_path, "key_file": None})
    check_key(settings)
    file = settings.pseudonym_key_file
    scan_uid = Pseudonyms(load_or_make_key(file)).scan_uid(STUDY)
    gateway = database.connect("gateway")
    gateway.execute("INSERT INTO core.scans (scan_uid, received_as, row_sha256) VALUES (%s, 'P', '')", [scan_uid])
    gateway.execute("INSERT INTO vault.scans (scan_uid, study_instance_uid) VALUES (%s, %s)", [scan_uid, STUDY])
    check_key(settings)
    right = file.read_text()
    file.unlink()
    with pytest.raises(CannotStart, match="is missing while patients exist: restore it"):
        check_key(settings)
    assert not file.exists()
    file.write_text("0f" * 32)
    with pytest.raises(CannotStart, match="is not that of the patients who are here: restore it"):
        check_key(settings)
    with pytest.raises(CannotStart, match="is not that of the patients"):
        compared_pseudonyms(settings, database.connect("worker"), database.connect("vault"))
    file.write_text(right)
    check_key(settings)
