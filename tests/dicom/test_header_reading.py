"""Headers of many files at once: each is its own file's, whatever the others are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.dicom import header_reading
from stream.dicom.header_reading import HeaderReader, HeaderRequest, ReadHeader
from stream.settings import load_settings
from stream.simulated.synthetic import make_sr, save

PATIENTS = ["first", "second", "third", "fourth", "fifth"]


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HeaderReader]:
    monkeypatch.setattr(header_reading, "TOGETHER", 2)
    reader = HeaderReader(load_settings(data_dir=tmp_path / "data"))
    yield reader
    reader.close()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [save(make_sr(PatientID=patient), tmp_path / f"{patient}.dcm") for patient in PATIENTS]


def test_each_header_is_of_its_file_in_the_order_in_which_they_were_asked_for(
    reader: HeaderReader, files: list[Path]
) -> None:
    assert [_patient(read) for read in _read(reader, files)] == PATIENTS


def test_a_file_that_is_none_leaves_the_others_as_they_are(reader: HeaderReader, files: list[Path]) -> None:
    files[2].write_bytes(b"no DICOM at all")
    found = _read(reader, files)
    assert [_patient(read) for read in found] == ["first", "second", None, "fourth", "fifth"]
    assert found[2] is not None
    assert found[2].reason_code == "decode_failed"


def test_a_file_that_cannot_be_read_is_told_to_who_asks(reader: HeaderReader, files: list[Path]) -> None:
    files[3].unlink()
    with pytest.raises(OSError):
        _read(reader, files)


def _read(reader: HeaderReader, files: list[Path]) -> list[ReadHeader | None]:
    return reader.read([(file.name, HeaderRequest(str(file), "", "TEST")) for file in files], lambda: None)


def _patient(read: ReadHeader | None) -> str | None:
    return read.header.patient.mrn if read and read.header else None
