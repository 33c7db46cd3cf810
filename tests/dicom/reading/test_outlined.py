"""What the slice classifier is taught with: the voxels of a series with the very ones that were outlined."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from highdicom.seg import Segmentation
from pydicom import Dataset, dcmread

from stream.dicom.reading.volumes.outlined import outlined_series
from tests.data import shared_data
from tests.dicom.factories import make_seg, make_series, save

SHAPE = (6, 21, 17)
GREY = np.random.default_rng(1).integers(0, 4000, SHAPE)
INSIDE = np.zeros(SHAPE, bool)
INSIDE[2:5, 8:13, 4:9] = True


@pytest.fixture
def images() -> list[Dataset]:
    return make_series(GREY, (3.0, 0.5, 0.8), PatientID="A")


def written(folder: Path, objects: list[Dataset]) -> list[Path]:
    return [save(one, folder / f"{number:02}.dcm") for number, one in enumerate(objects)]


def test_outlines_lie_on_their_slices_whatever_the_order_of_files(tmp_path: Path, images: list[Dataset]) -> None:
    files = written(tmp_path, [make_seg([INSIDE], images), *images])
    (found,) = outlined_series(files[::-1]).series
    assert found.patient == "A"
    assert (found.volume.values == GREY).all() and (found.outlined == INSIDE).all()


def test_several_lesions_are_one_outline(tmp_path: Path, images: list[Dataset]) -> None:
    other = np.roll(INSIDE, (1, -6, 7), (0, 1, 2))
    (found,) = outlined_series(written(tmp_path, [make_seg([INSIDE, other], images), *images])).series
    assert (found.outlined == (INSIDE | other)).all()


def test_what_teaches_nothing_is_named_with_the_reason(tmp_path: Path, images: list[Dataset]) -> None:
    apart = images[:2] + images[3:]
    files = written(tmp_path, [make_seg([INSIDE], images), *apart])
    note = tmp_path / "notes.txt"
    note.write_text("not a scan")
    found = outlined_series([note, *files])
    assert found.series == [] and len(found.unused) == 2
    assert "notes.txt" in found.unused[0] and "cannot be read as DICOM" in found.unused[0]
    assert "missing_slices: slices are missing between the others" in found.unused[1]


def test_a_series_without_outline_is_named(tmp_path: Path, images: list[Dataset]) -> None:
    (sentence,) = outlined_series(written(tmp_path, images)).unused
    assert sentence.endswith("nothing is outlined in this series.")


def test_of_a_real_scan_the_outline_is_that_which_highdicom_reads(tmp_path: Path) -> None:
    with tarfile.open(shared_data() / "brain_tumor_progression" / "dicom.tar.gz") as archive:
        members = [one for one in archive if "PGBM-08" in one.name and one.isfile()]
        archive.extractall(tmp_path, members, filter="data")
    first, _ = outlined_series(sorted(tmp_path.rglob("*.dcm"))).series
    study = sorted(tmp_path.rglob("SEG"))[0]
    segmentation = Segmentation.from_dataset(dcmread(next(study.iterdir())))
    volume = segmentation.get_volume(combine_segments=True, skip_overlap_checks=True)
    assert sorted(first.outlined.sum((1, 2))[first.outlined.any((1, 2))]) == sorted(
        count for count in (volume.array > 0).sum((1, 2)) if count
    )
