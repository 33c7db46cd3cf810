import datetime as dt
import hashlib
import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stream.dicom.pseudonyms import Pseudonyms, load_or_make_key
from stream.errors import CannotStart


def test_a_patient_id_is_p_and_26_characters_of_the_keyed_hash_of_issuer_and_id() -> None:
    hashed = hmac.new(b"k" * 32, b'["patient", "NORTH", "4711"]', hashlib.sha256).digest()
    bits = "".join(f"{byte:08b}" for byte in hashed)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    base32 = "".join(alphabet[int(bits[start : start + 5], 2)] for start in range(0, 130, 5))
    assert Pseudonyms(b"k" * 32).patient_id("NORTH", "4711") == "P" + base32


def test_uids_are_the_first_128_bits_as_a_decimal_under_2_25() -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    for uid, parts in (
        (pseudonyms.scan_uid("1.2"), b'["study", "1.2"]'),
        (pseudonyms.lesion_uid("1.2"), b'["lesion", "1.2"]'),
        (pseudonyms.instance_uid("1.2"), b'["instance", "1.2"]'),
        (pseudonyms.lesion_uid_without_tracking("P1", "Läsion"), b'["lesion", "P1", "L\\u00e4sion"]'),
        (pseudonyms.import_uid("P1", dt.date(2020, 3, 2)), b'["import", "P1", "2020-03-02"]'),
    ):
        assert uid == f"2.25.{int(hmac.new(b'k' * 32, parts, hashlib.sha256).hexdigest()[:32], 16)}"


def test_blanks_around_a_hospital_id_do_not_count_but_its_case_does() -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    assert pseudonyms.patient_id("", " ab1 ") == pseudonyms.patient_id("", "ab1")
    assert pseudonyms.patient_id("", "AB1") != pseudonyms.patient_id("", "ab1")


def test_the_same_id_of_two_hospitals_is_two_patients_and_another_key_gives_other_pseudonyms() -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    assert pseudonyms.patient_id("NORTH", "1") != pseudonyms.patient_id("SOUTH", "1")
    assert pseudonyms.patient_id("NORTH", "1") != Pseudonyms(b"l" * 32).patient_id("NORTH", "1")


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pseudonym.key"
    key = load_or_make_key(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_key(path) == key
    assert bytes.fromhex(path.read_text()) == key


def test_parts_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as parts:
        keys = set(parts.map(lambda _: load_or_make_key(tmp_path / "pseudonym.key"), range(64)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["pseudonym.key"]


@pytest.mark.parametrize("damaged", ["", "abcd", "not hex at all"])
def test_a_damaged_key_stops_the_start_instead_of_giving_patients_new_names(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "pseudonym.key"
    path.write_text(damaged)
    with pytest.raises(CannotStart, match="restore it from your backup"):
        load_or_make_key(path)
