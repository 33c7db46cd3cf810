"""Where nobody has outlined anything a bundle does: its segmentation is kept, and read as any other."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from highdicom.seg import segread
from pydicom import Dataset
from torch import nn

from models.bundles.description import Bundle
from stream.archive.originals import Archive
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.outlining.outliner import Outliner
from stream.dicom.reading.outlining.pieces import MOST_PIECES, pieces_of
from stream.dicom.reading.volumes.image_models import ImageModels
from stream.measured_scan import MeasuredScan
from tests.dicom.factories import make_seg, make_series, save
from tests.models.bundles.small_bundles import Bright, NotFinite, bundle_of

SPACING = (3.0, 1.0, 2.0)
GREY = np.full((6, 32, 24), 50, np.uint16)
GREY[2:4, 5:9, 3:8] = 500
GREY[1, 20:23, 15:17] = 500
VOLUMES_ML = [2 * 4 * 5 * 6.0 / 1000, 3 * 2 * 6.0 / 1000]
BRAIN = {"BodyPartExamined": "BRAIN"}
Measure = Callable[..., MeasuredScan]


@pytest.fixture(scope="module")
def bright(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle.read(bundle_of(tmp_path_factory.mktemp("bright") / "b", Bright()))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def measure(pseudonyms: Pseudonyms, archive: Archive, tmp_path: Path) -> Measure:
    def run(bundles: Sequence[Bundle], *datasets: Dataset) -> MeasuredScan:
        paths = [save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets]
        return measure_scan(paths, pseudonyms, "P1", models=ImageModels(Outliner(lambda: bundles, archive.keep)))

    return run


def made(folder: Path, network: nn.Module, **inference: object) -> Bundle:
    return Bundle.read(bundle_of(folder / "b", network, **inference))


def volumes(scan: MeasuredScan) -> list[float]:
    return sorted((one.value for one in scan.measurements if one.measurement == "volume"), reverse=True)


def test_what_hangs_together_is_a_lesion_measured_as_in_any_segmentation(measure: Measure, bright: Bundle) -> None:
    images = make_series(GREY, SPACING, **BRAIN)
    scan = measure([bright], *images)
    drawn = measure([], make_seg([GREY > 100], images), *images)
    assert scan.outlining and (scan.outlining.outcome, scan.outlining.model) == ("outlined", "bright spots")
    assert volumes(scan) == pytest.approx(VOLUMES_ML)
    assert sum(volumes(scan)) == pytest.approx(volumes(drawn)[0])
    assert {(one.source, one.lesion_label, one.body_site) for one in scan.measurements} == {
        ("model", "tumour", "brain")
    }
    assert len({one.lesion_uid for one in scan.measurements}) == len(scan.key_slices) == 2
    assert (scan.disease_hint, scan.note, scan.unused) == ("brain", None, ())


def test_the_segmentation_is_kept_and_says_which_program_drew_it(
    measure: Measure, bright: Bundle, archive: Archive
) -> None:
    images = make_series(GREY, SPACING, **BRAIN)
    scan = measure([bright], *images)
    kept = segread(archive.path(scan.outlining.segmentation_sha256))
    (by,) = kept.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence
    assert (by.AlgorithmName, by.AlgorithmVersion) == ("bright spots", f"0.1.0 {bright.version[:12]}")
    assert {segment.SegmentAlgorithmType for segment in kept.SegmentSequence} == {"AUTOMATIC"}
    assert kept.StudyInstanceUID == images[0].StudyInstanceUID
    shown = kept.get_pixels_by_source_instance([one.SOPInstanceUID for one in images], combine_segments=True)
    assert ((shown > 0) == (GREY > 100)).all()


def test_the_same_files_give_the_same_bytes_whatever_came_first(measure: Measure, bright: Bundle) -> None:
    images = make_series(GREY, SPACING, **BRAIN)
    assert measure([bright], *images) == measure([bright], *images[::-1])


def test_a_series_stored_upside_down_has_its_lesions_in_the_same_place(measure: Measure, bright: Bundle) -> None:
    images = make_series(GREY, SPACING, **BRAIN)
    upright = measure([bright], *images)
    for image, slice_ in zip(images, GREY, strict=True):
        image.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]
        x, y, z = image.ImagePositionPatient
        image.ImagePositionPatient = [x + 23 * SPACING[2], y + 31 * SPACING[1], z]
        image.PixelData = np.ascontiguousarray(slice_[::-1, ::-1]).tobytes()
    turned = measure([bright], *images)
    assert [one.place for one in turned.findings] == [one.place for one in upright.findings]
    assert volumes(turned) == pytest.approx(VOLUMES_ML)


def test_a_person_or_another_program_goes_first(measure: Measure, bright: Bundle) -> None:
    images = make_series(GREY, SPACING, **BRAIN)
    scan = measure([bright], make_seg([GREY > 100], images), *images)
    assert scan.outlining is None
    assert {one.source for one in scan.measurements} == {"SEG"}


@pytest.mark.parametrize(
    "other", [{"BodyPartExamined": "LIVER"}, {**BRAIN, "Modality": "CT"}, {"BodyPartExamined": ""}]
)
def test_images_that_no_bundle_was_made_for_are_left_alone(
    measure: Measure, bright: Bundle, other: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="scanstream")
    scan = measure([bright], *make_series(GREY, SPACING, **other))
    assert (scan.outlining, scan.measurements, scan.unused) == (None, (), ())
    assert "no_bundle_fits" in caplog.text


def test_what_goes_wrong_is_said_and_the_scan_stands_without_it(measure: Measure, tmp_path: Path) -> None:
    scan = measure([made(tmp_path, NotFinite())], *make_series(GREY, SPACING, **BRAIN))
    assert scan.outlining and scan.outlining.outcome == "bundle_not_finite"
    assert [one.reason for one in scan.unused] == [
        "bright spots 0.1.0 outlined nothing: its output holds values that are no numbers"
    ]
    assert (scan.measurements, scan.key_slices) == ((), ())


def test_of_several_series_none_is_guessed(measure: Measure, bright: Bundle) -> None:
    scan = measure([bright], *make_series(GREY, SPACING, **BRAIN), *make_series(GREY, SPACING, **BRAIN))
    assert scan.outlining and scan.outlining.outcome == "several_series"


def test_slices_that_make_no_volume_or_are_not_axial_are_told(measure: Measure, bright: Bundle) -> None:
    images = make_series(GREY, SPACING, **BRAIN)
    missing = measure([bright], *images[:2], *images[3:])
    for image in images:
        image.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        image.ImagePositionPatient = [0, image.ImagePositionPatient[2], 0]
    coronal = measure([bright], *images)
    assert [one.outlining and one.outlining.outcome for one in (missing, coronal)] == ["missing_slices", "not_axial"]


def test_nothing_found_is_told_apart_from_nothing_looked_at(measure: Measure, bright: Bundle) -> None:
    scan = measure([bright], *make_series(np.full_like(GREY, 50), SPACING, **BRAIN))
    assert scan.outlining and (scan.outlining.outcome, scan.outlining.segmentation_sha256) == ("nothing_found", None)
    assert (scan.measurements, scan.unused) == ((), ())


def test_small_pieces_are_left_out_as_the_bundle_says(measure: Measure, tmp_path: Path) -> None:
    smallest = {"transforms": [{"_target_": "RemoveSmallObjectsd", "min_size": 7}]}
    scan = measure([made(tmp_path, Bright(), postprocessing=smallest)], *make_series(GREY, SPACING, **BRAIN))
    assert volumes(scan) == pytest.approx(VOLUMES_ML[:1])


def test_pieces_that_touch_by_a_corner_are_one_and_a_cloud_of_them_is_noise() -> None:
    labels = np.zeros((3, 8, 40), np.uint8)
    labels[0, 0, 0] = labels[1, 1, 1] = 2
    labels[0, 5, 5] = 3
    pieces = pieces_of(labels, 1)
    assert pieces and pieces.labels == (2, 3) and pieces.numbers[1, 1, 1] == pieces.numbers[0, 0, 0] == 1
    labels[::2, ::2, ::2] = 2
    assert labels.any(0).sum() > MOST_PIECES and pieces_of(labels, 1) is None
