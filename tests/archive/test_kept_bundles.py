"""Bundles in service: kept whole in the archive, the last one added asked for what it was made for."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from models.bundles.description import Bundle
from stream.archive.kept_bundles import in_service, keep_bundle, let_measure
from stream.errors import WrongUse
from tests.models.bundles.small_bundles import Bright, Raises, bundle_of


def liver(told: dict[str, Any]) -> None:
    told["network_data_format"]["inputs"]["image"]["body_part"] = "LIVER"


def later(told: dict[str, Any]) -> None:
    told["version"] = "0.2.0"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def added(archive: Path, folder: Path) -> Bundle:
    bundle = keep_bundle(archive, folder)
    let_measure(archive, bundle)
    return bundle


def test_a_bundle_is_asked_from_the_archive_whatever_becomes_of_the_folder_it_came_from(
    archive: Path, tmp_path: Path
) -> None:
    folder = bundle_of(tmp_path / "b", Bright(), inferer={"_target_": "SimpleInferer"})
    version = added(archive, folder).version
    shutil.rmtree(folder)
    (kept,) = in_service(archive)
    assert (kept.version, kept.folder.is_relative_to(archive)) == (version, True)
    assert Bundle.read(kept.folder) == kept


def test_the_last_one_added_counts_and_the_one_before_comes_back_when_it_is_added_again(
    archive: Path, tmp_path: Path
) -> None:
    folders = [bundle_of(tmp_path / "a", Bright()), bundle_of(tmp_path / "b", Bright(), later)]
    other = added(archive, bundle_of(tmp_path / "c", Bright(), liver))
    first, second = (added(archive, folder) for folder in folders)
    assert {one.version for one in in_service(archive)} == {second.version, other.version}
    assert let_measure(archive, first) and not let_measure(archive, first)
    assert {one.version for one in in_service(archive)} == {first.version, other.version}


def test_a_bundle_that_cannot_be_used_is_not_kept(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="it ended with an error"):
        keep_bundle(archive, bundle_of(tmp_path / "b", Raises()))
    with pytest.raises(WrongUse, match=r"neither models/model\.ts"):
        keep_bundle(archive, tmp_path)
    assert not archive.exists() and not in_service(archive)
