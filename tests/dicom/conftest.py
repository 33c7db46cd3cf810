"""Sample files unpacked once per session, and a key."""

import tarfile
from pathlib import Path

import pytest

from stream.dicom.pseudonyms import Pseudonyms
from stream.settings import Settings
from tests.data import shared_data


@pytest.fixture(scope="session")
def ispy2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the 1536 reports of I-SPY2, by patient and visit."""
    return _unpacked(shared_data() / "ispy2" / "sr.tar.gz", tmp_path_factory.mktemp("ispy2"))


@pytest.fixture(scope="session")
def brain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the brain MR slices and segmentations, by patient, date and kind."""
    return _unpacked(shared_data() / "brain_tumor_progression" / "dicom.tar.gz", tmp_path_factory.mktemp("brain"))


def _unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def pseudonyms() -> Pseudonyms:
    return Pseudonyms(b"k" * 32)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a gateway of this test alone."""
    return Settings(data_dir=tmp_path / "data")
