from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from highdicom.seg import Segmentation
from pydicom import Dataset, dcmread, uid
from pydicom.pixels import pixel_array

from models.measurement import Measurement
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading import seg as reading
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.seg import longest_chord, read_seg
from stream.errors import SetAside
from tests.dicom.factories import make_seg, make_series, reread, save

SPACING = (3.0, 0.5, 0.8)  # slices, rows, columns in mm


def _ball(shape: tuple[int, int, int], centre: tuple[float, float, float], radius_mm: float) -> np.ndarray:
    grid = np.indices(shape).reshape(3, -1).T - centre
    return (np.linalg.norm(grid * SPACING, axis=1) <= radius_mm).reshape(shape)


def _longest_by_trying_all_corners(mask: np.ndarray, row_mm: float, column_mm: float) -> float:
    """Farthest two voxel corners of any slice, without a hull: the definition, written down."""
    longest = 0.0
    for slice_ in mask:
        corners = {(r + i, c + j) for r, c in np.argwhere(slice_) for i, j in product((0, 1), repeat=2)}
        points = np.array(sorted(corners)) * (row_mm, column_mm) if corners else np.zeros((1, 2))
        longest = max(longest, float(np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1)).max()))
    return longest


@pytest.fixture
def images() -> list[Dataset]:
    return make_series(np.zeros((6, 21, 17)), SPACING)


@pytest.fixture
def measure(images: list[Dataset], pseudonyms: Pseudonyms, tmp_path: Path) -> Callable[..., dict[str, float]]:
    """Measurements by name of a one-segment SEG, with the images it refers to at hand unless told otherwise."""

    def run(seg: Dataset, held: list[Dataset] | None = None) -> dict[str, float]:
        headers = {image.SOPInstanceUID: image for image in (images if held is None else held)}
        return {one.measurement: one.value for one in _read(reread(seg, tmp_path), headers, pseudonyms)}

    return run


def _read(seg: Dataset, images: dict[str, Dataset], pseudonyms: Pseudonyms) -> tuple[Measurement, ...]:
    return read_seg(seg, images, LesionNames(pseudonyms, "P1"), {}).measurements


def _refused(measure: Callable[..., object], seg: Dataset) -> str:
    with pytest.raises(SetAside) as caught:
        measure(seg)
    return caught.value.reason_code


def test_volume_and_diameter_are_those_of_the_definition(
    measure: Callable[..., dict[str, float]], images: list[Dataset]
) -> None:
    mask = _ball((6, 21, 17), (2.5, 10, 8), 4.9)
    found = measure(make_seg([mask], images))
    assert found["volume"] == pytest.approx(mask.sum() * 3.0 * 0.5 * 0.8 / 1000, rel=1e-12)
    assert found["longest_diameter"] == pytest.approx(_longest_by_trying_all_corners(mask, 0.5, 0.8), rel=1e-12)


def test_a_single_voxel_is_as_long_as_its_diagonal() -> None:
    assert longest_chord(np.eye(1, dtype=bool), (3.0, 4.0)) == 5.0


def test_any_shape_has_the_diameter_of_its_farthest_corners() -> None:
    generator = np.random.default_rng(3)
    for density in (0.01, 0.1, 0.9):
        mask = generator.random((30, 23)) < density
        expected = _longest_by_trying_all_corners(mask[None], 0.7, 1.1)
        assert longest_chord(mask, (0.7, 1.1)) == pytest.approx(expected, rel=1e-12)


def test_an_empty_segment_is_a_lesion_that_is_gone(
    measure: Callable[..., dict[str, float]], images: list[Dataset]
) -> None:
    assert measure(make_seg([np.zeros((6, 21, 17))], images)) == {"volume": 0.0, "longest_diameter": 0.0}


def test_slices_that_were_left_out_do_not_stretch_the_lesion(
    measure: Callable[..., dict[str, float]], images: list[Dataset]
) -> None:
    """Writers leave empty frames out: the images, or the stated spacing, say how far apart slices are."""
    mask = np.ones((2, 21, 17))
    sparse = make_seg([mask], [images[0], images[4]])
    for held in (images, []):
        sparse.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 3.0
        sparse.ReferencedSeriesSequence[0].ReferencedInstanceSequence = (
            make_seg([np.ones((6, 21, 17))], images).ReferencedSeriesSequence[0].ReferencedInstanceSequence
        )
        assert measure(sparse, held)["volume"] == pytest.approx(mask.sum() * 3.0 * 0.5 * 0.8 / 1000)


def test_segments_are_lesions_of_their_own_and_followed_by_their_tracking_uid(
    images: list[Dataset], pseudonyms: Pseudonyms
) -> None:
    small, large = _ball((6, 21, 17), (2, 5, 5), 2.0), _ball((6, 21, 17), (3, 14, 11), 4.0)
    seg = make_seg([small, large], images)
    seg.SegmentSequence[1].TrackingUID, seg.SegmentSequence[1].TrackingID = "1.2.3", "the large one"
    seg.file_meta = images[0].file_meta = _explicit()
    found = _read(seg, {}, pseudonyms)
    volumes = {one.lesion_uid: (one.lesion_label, one.value) for one in found if one.measurement == "volume"}
    voxel_ml = 3.0 * 0.5 * 0.8 / 1000
    assert volumes == {
        pseudonyms.lesion_uid_without_tracking("P1", "lesion-1"): ("lesion-1", pytest.approx(small.sum() * voxel_ml)),
        pseudonyms.lesion_uid("1.2.3"): ("the large one", pytest.approx(large.sum() * voxel_ml)),
    }


def _explicit() -> Dataset:
    meta = Dataset()
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    return meta


@pytest.mark.parametrize("kind", ["FRACTIONAL", "LABELMAP"])
def test_fractional_and_label_map_segmentations_measure_like_binary_ones(
    measure: Callable[..., dict[str, float]], images: list[Dataset], kind: str
) -> None:
    mask = _ball((6, 21, 17), (2.5, 10, 8), 4.0)
    binary, other = make_seg([mask], images), make_seg([mask], images)
    other.SegmentationType, other.BitsAllocated, other.BitsStored, other.HighBit = kind, 8, 8, 7
    if kind == "FRACTIONAL":
        other.SegmentationFractionalType, other.MaximumFractionalValue = "PROBABILITY", 200
        other.PixelData = np.where(mask, 130, 90).astype(np.uint8).tobytes()
    else:
        other.PixelData = mask.astype(np.uint8).tobytes()
    assert measure(other) == pytest.approx(measure(binary))


def test_partly_occupied_voxels_count_for_the_part(
    measure: Callable[..., dict[str, float]], images: list[Dataset]
) -> None:
    seg = make_seg([np.ones((6, 21, 17))], images)
    seg.SegmentationType, seg.SegmentationFractionalType, seg.MaximumFractionalValue = "FRACTIONAL", "OCCUPANCY", 100
    seg.BitsAllocated, seg.BitsStored, seg.HighBit = 8, 8, 7
    seg.PixelData = np.full(6 * 21 * 17, 25, np.uint8).tobytes()
    found = measure(seg)
    assert found["volume"] == pytest.approx(0.25 * 6 * 21 * 17 * 3.0 * 0.5 * 0.8 / 1000)
    assert found["longest_diameter"] == 0.0


def _other_space(seg: Dataset) -> None:
    seg.FrameOfReferenceUID = "1.2.3.4"


def _other_spacing(seg: Dataset) -> None:
    seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [1.0, 1.6]


def _other_orientation(seg: Dataset) -> None:
    seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 0, 1]


def _other_matrix(seg: Dataset) -> None:
    seg.Rows, seg.Columns = 17, 21


def _other_place(seg: Dataset) -> None:
    for group in seg.PerFrameFunctionalGroupsSequence:
        group.PlanePositionSequence[0].ImagePositionPatient[0] = 40.0


def _no_spacing(seg: Dataset) -> None:
    del seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence


def _zero_spacing(seg: Dataset) -> None:
    seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0.0, 0.8]


@pytest.mark.parametrize(
    "spoil",
    [_other_space, _other_spacing, _other_orientation, _other_matrix, _other_place, _no_spacing, _zero_spacing],
)
def test_a_segmentation_that_contradicts_its_images_is_set_aside(
    measure: Callable[..., object], images: list[Dataset], spoil: Callable[[Dataset], None]
) -> None:
    seg = make_seg([np.ones((6, 21, 17))], images)
    spoil(seg)
    assert _refused(measure, seg) == "bad_geometry"


def test_pixel_data_that_is_too_short_or_would_be_too_large_is_set_aside_unread(
    measure: Callable[..., object], images: list[Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    seg = make_seg([np.ones((6, 21, 17))], images)
    whole, seg.PixelData = seg.PixelData, seg.PixelData[:-20]
    assert _refused(measure, seg) == "decode_failed"
    seg.PixelData = whole
    monkeypatch.setattr(reading, "MAX_DECODED_BYTES", 6 * 21 * 17 - 1)
    assert _refused(measure, seg) == "too_large"


def test_organs_beside_a_lesion_are_not_measured_as_one(measure: Callable[..., object], images: list[Dataset]) -> None:
    seg = make_seg([np.ones((6, 21, 17))], images)
    category = seg.SegmentSequence[0].SegmentedPropertyCategoryCodeSequence[0]
    category.CodeValue, category.CodeMeaning = "123037004", "Anatomical Structure"
    kind = seg.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0]
    kind.CodeValue, kind.CodeMeaning = "10200004", "Liver"
    assert measure(seg) == {}


def _voxels(path: Path) -> np.ndarray:
    return pixel_array(dcmread(path)).astype(bool)


def test_the_brain_segmentations_measure_as_an_independent_reader_and_the_definition_say(
    brain: Path, pseudonyms: Pseudonyms
) -> None:
    """All were written by highdicom, with voxels of 1 mm; pydicom's own pixel reader counts them here."""
    paths = sorted(brain.glob("*/*/SEG/*.dcm"))
    assert len(paths) == 16
    for path in paths:
        images = {header.SOPInstanceUID: header for header in map(dcmread, path.parents[1].glob("MR/*.dcm"))}
        found = _read(dcmread(path), images, pseudonyms)
        values = {one.measurement: one.value for one in found}
        mask = _voxels(path)
        assert values["volume"] == pytest.approx(mask.sum() / 1000)
        assert values["longest_diameter"] == pytest.approx(max(map(_farthest_edge_corners, mask)), rel=1e-12)
        assert {one.lesion_label for one in found} == {"lesion-1"}


def _farthest_edge_corners(slice_: np.ndarray) -> float:
    """As above for large slices: corners of voxels at an edge only (the others cannot be farthest)."""
    padded = np.pad(slice_, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return _longest_by_trying_all_corners((slice_ & ~inner)[None], 1.0, 1.0)


def test_highdicom_reads_the_segmentations_made_for_tests_as_we_do(images: list[Dataset], tmp_path: Path) -> None:
    mask = _ball((6, 21, 17), (2.5, 10, 8), 4.0)
    path = save(make_seg([mask], images), tmp_path / "seg.dcm")
    assert np.array_equal(Segmentation.from_dataset(dcmread(path)).pixel_array.astype(bool), mask)
