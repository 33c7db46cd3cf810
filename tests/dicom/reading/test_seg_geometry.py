from collections.abc import Callable, Sequence
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from highdicom.seg import Segmentation
from pydicom import DataElement, Dataset
from pydicom.datadict import tag_for_keyword
from scipy.spatial.transform import Rotation

from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.seg import longest_chord, read_seg
from stream.errors import SetAside
from tests.dicom.factories import make_image, make_seg, make_series, reread

SPACING = (3.0, 0.5, 0.8)  # slices, rows, columns in mm
SHAPE = (6, 21, 17)
VOXEL_ML = 3.0 * 0.5 * 0.8 / 1000
AXES = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])  # of slices, rows and columns
TILTED = Rotation.from_euler("xyz", [20, -35, 50], degrees=True).as_matrix()

MASK = np.zeros(SHAPE, bool)
MASK[1:4, 6:14, 5:10] = MASK[2, 4, 7] = True

Measured = dict[str, float]


@pytest.fixture
def images() -> list[Dataset]:
    return make_series(np.zeros(SHAPE), SPACING)


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> Callable[[Dataset, Sequence[Dataset]], Measured]:
    def run(seg: Dataset, held: Sequence[Dataset]) -> Measured:
        headers = {image.SOPInstanceUID: image for image in held}
        return {
            one.measurement: one.value
            for one in read_seg(reread(seg, tmp_path), headers, LesionNames(pseudonyms, "P1"), {}).measurements
        }

    return run


def _place(dataset: Dataset, turn: np.ndarray) -> None:
    """Turn an image around the origin."""
    dataset.ImagePositionPatient = list(map(float, turn @ dataset.ImagePositionPatient))
    dataset.ImageOrientationPatient = [*map(float, turn @ AXES[2]), *map(float, turn @ AXES[1])]


def _grid(
    mask: np.ndarray, order: Sequence[int], flips: Sequence[bool], images: list[Dataset], turn: np.ndarray
) -> Dataset:
    """`mask` in a grid with its axes in another order, some of them backwards, in the same place of the patient."""
    turned = np.flip(mask.transpose(order), [axis for axis, flip in enumerate(flips) if flip])
    spacing = [SPACING[axis] for axis in order]
    seg = make_seg([turned], make_series(np.zeros(turned.shape), spacing))
    steps = [turn @ AXES[axis] * SPACING[axis] * (-1) ** flip for axis, flip in zip(order, flips, strict=True)]
    origin = sum(-step * (size - 1) for step, size, flip in zip(steps, turned.shape, flips, strict=True) if flip)
    cosines = [*(steps[2] / spacing[2]), *(steps[1] / spacing[1])]
    seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient = list(
        map(float, cosines)
    )
    for index, group in enumerate(seg.PerFrameFunctionalGroupsSequence):
        del group.DerivationImageSequence
        group.PlanePositionSequence[0].ImagePositionPatient = list(map(float, origin + index * steps[0]))
    _refer(seg, images)
    return seg


def _refer(seg: Dataset, images: Sequence[Dataset]) -> None:
    """Say that a segmentation was drawn on these images."""
    seg.FrameOfReferenceUID = images[0].FrameOfReferenceUID
    listed = make_seg([np.zeros((len(images), *SHAPE[1:]))], images).ReferencedSeriesSequence
    seg.ReferencedSeriesSequence = listed


@pytest.mark.parametrize("turn", [np.eye(3), TILTED], ids=["axial", "oblique"])
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_lesion_measures_the_same_in_every_grid_that_it_can_be_drawn_in(
    measure: Callable[..., Measured], images: list[Dataset], turn: np.ndarray, order: tuple[int, ...]
) -> None:
    for image in images:
        _place(image, turn)
    spacing = SPACING[order[1]], SPACING[order[2]]
    longest = max(longest_chord(slice_, spacing) for slice_ in MASK.transpose(order))
    for flips in product([False, True], repeat=3):
        found = measure(_grid(MASK, order, flips, images, turn), images)
        assert found == pytest.approx({"volume": MASK.sum() * VOXEL_ML, "longest_diameter": longest})


def test_highdicom_finds_the_same_voxels_in_a_flipped_grid(images: list[Dataset], tmp_path: Path) -> None:
    seg = _grid(MASK, (0, 1, 2), (False, True, True), images, np.eye(3))
    _index(seg)
    volume = Segmentation.from_dataset(reread(seg, tmp_path)).get_volume(segment_numbers=[1], combine_segments=True)
    centre = np.argwhere(volume.array).mean(axis=0)
    expected = AXES.T @ (np.argwhere(MASK).mean(axis=0) * SPACING)
    assert volume.map_indices_to_reference(centre[None])[0] == pytest.approx(expected)
    assert volume.array.sum() * np.prod(volume.spacing) / 1000 == pytest.approx(MASK.sum() * VOXEL_ML)


def _index(seg: Dataset) -> None:
    """The dimension index that highdicom finds frames by (PS3.3 C.7.6.17)."""
    indexes = {
        "ReferencedSegmentNumber": "SegmentIdentificationSequence",
        "ImagePositionPatient": "PlanePositionSequence",
    }
    seg.DimensionIndexSequence = [Dataset() for _ in indexes]
    for item, (keyword, group) in zip(seg.DimensionIndexSequence, indexes.items(), strict=True):
        item.DimensionIndexPointer, item.FunctionalGroupPointer = tag_for_keyword(keyword), tag_for_keyword(group)
    for number, group in enumerate(seg.PerFrameFunctionalGroupsSequence, 1):
        group.FrameContentSequence = [Dataset()]
        group.FrameContentSequence[0].DimensionIndexValues = [1, number]


def test_a_finer_grid_has_the_spacing_of_its_own(measure: Callable[..., Measured], images: list[Dataset]) -> None:
    fine = np.repeat(np.repeat(MASK, 3, axis=0), 2, axis=2)
    seg = make_seg([fine], make_series(np.zeros(fine.shape), (1.0, 0.5, 0.4)))
    for group in seg.PerFrameFunctionalGroupsSequence:
        del group.DerivationImageSequence
    _refer(seg, images)
    assert measure(seg, images)["volume"] == pytest.approx(MASK.sum() * VOXEL_ML)


@pytest.mark.parametrize("stated", [True, False])
def test_frames_in_any_order_measure_the_same(
    measure: Callable[..., Measured], images: list[Dataset], stated: bool
) -> None:
    seg, order = make_seg([MASK], images), [4, 0, 5, 2, 1, 3]
    expected = measure(seg, images)
    _state(seg, stated)
    groups = seg.PerFrameFunctionalGroupsSequence
    seg.PerFrameFunctionalGroupsSequence = [groups[index] for index in order]
    seg.PixelData = _packed(MASK[order])
    assert measure(seg, images) == pytest.approx(expected)


def _state(seg: Dataset, stated: bool, millimetres: float = 3.0) -> None:
    measures = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    del measures.SliceThickness
    measures.SpacingBetweenSlices = millimetres
    if not stated:
        del measures.SpacingBetweenSlices


def _packed(mask: np.ndarray) -> bytes:
    packed = np.packbits(mask, axis=None, bitorder="little").tobytes()
    return packed + b"\0" * (len(packed) % 2)


def _like(image: Dataset, z_mm: float, **other: object) -> Dataset:
    """Another image of the same frame of reference."""
    same = ("FrameOfReferenceUID", "SeriesInstanceUID", "StudyInstanceUID", "PixelSpacing")
    place = {"ImagePositionPatient": [0.0, 0.0, z_mm]}
    return make_image(np.zeros(SHAPE[1:]), **{name: image[name].value for name in same} | place | other)


_OTHERS: dict[str, Callable[[list[Dataset]], list[Dataset]]] = {
    "a stray": lambda images: [_like(images[0], 6.5)],
    "a repeated image": lambda images: [_like(images[0], 6.0)],
    "every image again": lambda images: [_like(image, image.ImagePositionPatient[2] + 0.5) for image in images],
    "a localiser": lambda images: [
        _like(images[0], 1.0, ImageOrientationPatient=[0.0, 1.0, 0.0, 0.0, 0.0, 1.0], SeriesInstanceUID="1.2.3")
    ],
    "a second stack between": lambda images: [
        _like(image, image.ImagePositionPatient[2] + 1.5, SeriesInstanceUID="1.2.3") for image in images
    ],
    "a finer series": lambda images: [_like(images[0], 0.5 * level, SeriesInstanceUID="1.2.3") for level in range(31)],
}


@pytest.mark.parametrize("others", _OTHERS)
@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("drawn", [slice(None), slice(1, 4), slice(2, 3), slice(0, 5, 4)])
def test_other_images_do_not_change_how_thick_a_slice_is(
    measure: Callable[..., Measured], images: list[Dataset], others: str, stated: bool, drawn: slice
) -> None:
    seg = make_seg([MASK[drawn]], images[drawn])
    _state(seg, stated)
    held = images + _OTHERS[others](images)
    _refer(seg, held)
    assert measure(seg, held)["volume"] == pytest.approx(MASK[drawn].sum() * VOXEL_ML)


def test_images_in_two_series_are_one_stack(measure: Callable[..., Measured], images: list[Dataset]) -> None:
    seg = make_seg([MASK], images)
    _state(seg, stated=False)
    for image in images[::2]:
        image.SeriesInstanceUID = "1.2.3"
    assert measure(seg, images)["volume"] == pytest.approx(MASK.sum() * VOXEL_ML)


@pytest.mark.parametrize("keyword", ["SpacingBetweenSlices", "SliceThickness"])
def test_every_second_slice_is_a_stack_where_the_segmentation_says_so(
    measure: Callable[..., Measured], images: list[Dataset], keyword: str
) -> None:
    between = [_like(image, image.ImagePositionPatient[2] + 1.5) for image in images]
    seg = make_seg([MASK], images)
    _state(seg, stated=False)
    seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0][keyword] = DataElement(keyword, "DS", 3.0)
    _refer(seg, images + between)
    assert measure(seg, images + between)["volume"] == pytest.approx(MASK.sum() * VOXEL_ML)


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("stated", [True, False])
def test_in_an_uneven_stack_each_slice_has_its_own_thickness(
    measure: Callable[..., Measured], images: list[Dataset], held: bool, stated: bool
) -> None:
    for image, z_mm in zip(images, (0.0, 3.0, 6.0, 7.0, 9.0, 12.0), strict=True):
        image.ImagePositionPatient = [0.0, 0.0, z_mm]
    seg = make_seg([MASK], images)
    _state(seg, stated)
    volume = MASK.sum(axis=(1, 2)) @ [3.0, 3.0, 2.0, 1.5, 2.5, 3.0] * 0.5 * 0.8 / 1000
    assert measure(seg, images if held else [])["volume"] == pytest.approx(volume)


def _refused(measure: Callable[..., Measured], seg: Dataset, held: Sequence[Dataset]) -> str:
    with pytest.raises(SetAside) as caught:
        measure(seg, held)
    return caught.value.reason_code


def test_frames_closer_together_than_stated_are_set_aside(
    measure: Callable[..., Measured], images: list[Dataset]
) -> None:
    seg = make_seg([MASK], images)
    _state(seg, stated=True, millimetres=10.0)
    assert _refused(measure, seg, []) == "bad_geometry"


def test_frames_that_cross_each_other_or_overlap_in_part_are_set_aside(
    measure: Callable[..., Measured], images: list[Dataset]
) -> None:
    crossing, overlapping = make_seg([MASK], images), make_seg([MASK], images)
    turned = Dataset()
    turned.ImageOrientationPatient = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    crossing.PerFrameFunctionalGroupsSequence[2].PlaneOrientationSequence = [turned]
    overlapping.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence[0].ImagePositionPatient = [2.0, 0.0, 3.0]
    for seg in (crossing, overlapping):
        assert _refused(measure, seg, []) == "bad_geometry"


@pytest.mark.parametrize("cosines", [[1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 1, 0]])
def test_directions_that_are_none_are_set_aside(
    measure: Callable[..., Measured], images: list[Dataset], cosines: list[float]
) -> None:
    seg = make_seg([MASK], images)
    seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient = cosines
    assert _refused(measure, seg, []) == "bad_geometry"


@pytest.mark.parametrize("shift", [(-40.0, 0.0, 0.0), (0.0, 30.0, 0.0), (0.0, 0.0, 60.0)])
def test_what_reaches_out_of_all_images_is_set_aside_unless_some_are_not_held(
    measure: Callable[..., Measured], images: list[Dataset], shift: tuple[float, float, float]
) -> None:
    seg = make_seg([MASK], images)
    for group in seg.PerFrameFunctionalGroupsSequence:
        place = group.PlanePositionSequence[0]
        place.ImagePositionPatient = [a + b for a, b in zip(place.ImagePositionPatient, shift, strict=True)]
    assert _refused(measure, seg, images) == "bad_geometry"
    assert measure(seg, images[:-1])["volume"] == pytest.approx(MASK.sum() * VOXEL_ML)


def test_frames_across_the_images_may_refer_to_one_of_them(
    measure: Callable[..., Measured], images: list[Dataset]
) -> None:
    seg = _grid(MASK, (2, 0, 1), (False, False, False), images, np.eye(3))
    _refer(seg, images[2:3])
    assert measure(seg, images)["volume"] == pytest.approx(MASK.sum() * VOXEL_ML)


def test_a_larger_grid_with_nothing_drawn_outside_the_images_is_measured(
    measure: Callable[..., Measured], images: list[Dataset]
) -> None:
    wide = np.pad(MASK, ((0, 0), (0, 200), (0, 200)))
    seg = make_seg([wide], make_series(np.zeros(wide.shape), SPACING))
    _refer(seg, images)
    assert measure(seg, images)["volume"] == pytest.approx(MASK.sum() * VOXEL_ML)


@pytest.mark.parametrize("factor", [0.5, 0.97, 1.03])
def test_pixels_of_another_size_in_the_grid_of_the_images_are_set_aside(
    measure: Callable[..., Measured], images: list[Dataset], factor: float
) -> None:
    seg = make_seg([MASK], images)
    measures = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.PixelSpacing = [0.5 * factor, 0.8 * factor]
    assert _refused(measure, seg, images) == "bad_geometry"


@pytest.mark.parametrize("drawn", [slice(None), slice(1, 4), slice(2, 3)])
@pytest.mark.parametrize("stated_mm", [0.6, 1.0, 10.0])
def test_images_know_better_than_a_stated_spacing_how_far_apart_they_are(
    measure: Callable[..., Measured], images: list[Dataset], drawn: slice, stated_mm: float
) -> None:
    """Some scanners call the gap between slices the spacing, and writers copy it."""
    seg = make_seg([MASK[drawn]], images[drawn])
    _state(seg, stated=True, millimetres=stated_mm)
    _refer(seg, images)
    assert measure(seg, images)["volume"] == pytest.approx(MASK[drawn].sum() * VOXEL_ML)
