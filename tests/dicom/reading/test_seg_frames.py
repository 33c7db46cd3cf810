from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.seg import read_seg
from stream.errors import SetAside
from tests.dicom.factories import make_seg, make_series, reread

SHAPE = (3, 21, 22)  # 462 pixels: no frame ends with a byte
MASK = np.zeros(SHAPE, bool)
MASK[1:, 4:10, 2:8] = True
VOXEL_ML = 5.0 / 1000


@pytest.fixture
def seg() -> Dataset:
    return make_seg([MASK], make_series(np.zeros(SHAPE), (5.0, 1.0, 1.0)))


@pytest.fixture
def volumes(pseudonyms: Pseudonyms, tmp_path: Path) -> Callable[[Dataset], dict[str, float]]:
    """Volume by label."""

    def run(seg: Dataset) -> dict[str, float]:
        found = read_seg(reread(seg, tmp_path), {}, LesionNames(pseudonyms, "P1"), {}).measurements
        return {one.lesion_label or "": one.value for one in found if one.measurement == "volume"}

    return run


def _refused(volumes: Callable[[Dataset], object], seg: Dataset) -> str:
    with pytest.raises(SetAside) as caught:
        volumes(seg)
    return caught.value.reason_code


def _of_bytes(seg: Dataset, kind: str, values: np.ndarray) -> Dataset:
    seg.SegmentationType, seg.BitsAllocated, seg.BitsStored, seg.HighBit = kind, 8, 8, 7
    encoded = values.astype(np.uint8).tobytes()
    seg.PixelData = encoded + b"\0" * (len(encoded) % 2)
    return seg


def _fractional(seg: Dataset, values: np.ndarray, most: int | None, meaning: str = "OCCUPANCY") -> Dataset:
    seg.SegmentationFractionalType = meaning
    if most is not None:
        seg.MaximumFractionalValue = most
    return _of_bytes(seg, "FRACTIONAL", values)


def _twice(seg: Dataset, second: np.ndarray) -> Dataset:
    """Every slice with a second frame in the same place, after all of the first."""
    seg.PerFrameFunctionalGroupsSequence.extend([*seg.PerFrameFunctionalGroupsSequence])
    seg.NumberOfFrames = 2 * SHAPE[0]
    packed = np.packbits(np.concatenate([MASK, second]), axis=None, bitorder="little").tobytes()
    seg.PixelData = packed + b"\0" * (len(packed) % 2)
    return seg


def test_frames_that_are_padded_one_by_one_are_set_aside(volumes: Callable[..., object], seg: Dataset) -> None:
    assert volumes(seg) == pytest.approx({"lesion-1": MASK.sum() * VOXEL_ML})
    padded = b"".join(np.packbits(slice_, bitorder="little").tobytes() for slice_ in np.concatenate([MASK] * 4))
    seg.PerFrameFunctionalGroupsSequence = [*seg.PerFrameFunctionalGroupsSequence] * 4
    seg.NumberOfFrames, seg.PixelData = 12, padded
    assert _refused(volumes, seg) == "decode_failed"


def test_pixels_after_the_last_frame_are_set_aside(volumes: Callable[..., object], seg: Dataset) -> None:
    seg.PixelData = seg.PixelData[:-1] + bytes([seg.PixelData[-1] | 0x80])
    assert _refused(volumes, seg) == "decode_failed"


def test_a_place_counts_once_however_many_frames_show_it(volumes: Callable[..., object], seg: Dataset) -> None:
    part, other = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    part[1:, 4:7, 2:8] = True
    other[1:, 4:10, 5:12] = True
    expected = {"same": MASK, "part": MASK, "other": MASK | other}
    for name, second in (("same", MASK), ("part", part), ("other", other)):
        found = volumes(_twice(make_seg([MASK], make_series(np.zeros(SHAPE), (5.0, 1.0, 1.0))), second))
        assert found == pytest.approx({"lesion-1": expected[name].sum() * VOXEL_ML})


def test_of_two_fractions_in_one_place_the_larger_counts(volumes: Callable[..., object], seg: Dataset) -> None:
    seg.PerFrameFunctionalGroupsSequence.extend([*seg.PerFrameFunctionalGroupsSequence])
    seg.NumberOfFrames = 2 * SHAPE[0]
    found = volumes(_fractional(seg, np.concatenate([MASK * 50, MASK * 75]), 100))
    assert found == pytest.approx({"lesion-1": 0.75 * MASK.sum() * VOXEL_ML})


def test_labels_in_one_place_count_for_each_segment(volumes: Callable[..., object]) -> None:
    seg = make_seg([MASK, MASK], make_series(np.zeros(SHAPE), (5.0, 1.0, 1.0)))
    assert volumes(_of_bytes(seg, "LABELMAP", np.concatenate([MASK, MASK * 2]))) == pytest.approx(
        {"lesion-1": MASK.sum() * VOXEL_ML, "lesion-2": MASK.sum() * VOXEL_ML}
    )


@pytest.mark.parametrize("most", [1, 100, 255])
def test_fractions_are_parts_of_the_maximum(volumes: Callable[..., object], seg: Dataset, most: int) -> None:
    found = volumes(_fractional(seg, MASK * most, most))
    assert found == pytest.approx({"lesion-1": MASK.sum() * VOXEL_ML})
    assert volumes(_fractional(seg, MASK * most, most, "PROBABILITY")) == pytest.approx(found)


@pytest.mark.parametrize(("highest", "most"), [(255, None), (255, 0), (101, 100), (2, 1), (255, 256)])
def test_fractions_of_no_maximum_or_above_it_are_set_aside(
    volumes: Callable[..., object], seg: Dataset, highest: int, most: int | None
) -> None:
    for meaning in ("OCCUPANCY", "PROBABILITY"):
        assert _refused(volumes, _fractional(seg, MASK * highest, most, meaning)) == "decode_failed"


def test_fractions_that_do_not_say_what_they_mean_are_set_aside(volumes: Callable[..., object], seg: Dataset) -> None:
    assert _refused(volumes, _fractional(seg, MASK * 255, 255, "")) == "decode_failed"


def test_binary_values_above_one_are_set_aside(volumes: Callable[..., object], seg: Dataset) -> None:
    assert volumes(_of_bytes(seg, "BINARY", MASK)) == pytest.approx({"lesion-1": MASK.sum() * VOXEL_ML})
    assert _refused(volumes, _of_bytes(seg, "BINARY", MASK * 255)) == "decode_failed"


@pytest.mark.parametrize("label", [0, 7])
def test_the_background_of_a_label_map_is_no_lesion(volumes: Callable[..., object], label: int) -> None:
    seg = make_seg([MASK, ~MASK], make_series(np.zeros(SHAPE), (5.0, 1.0, 1.0)))
    seg.PerFrameFunctionalGroupsSequence = seg.PerFrameFunctionalGroupsSequence[:3]
    seg.NumberOfFrames, seg.SegmentSequence[1].SegmentNumber = 3, label
    if label:
        seg.PixelPaddingValue = label
    found = volumes(_of_bytes(seg, "LABELMAP", np.where(MASK, 1, label)))
    assert found == pytest.approx({"lesion-1": MASK.sum() * VOXEL_ML})


def test_segments_that_are_not_described_are_set_aside(volumes: Callable[..., object], seg: Dataset) -> None:
    seg.PerFrameFunctionalGroupsSequence[1].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 9
    assert _refused(volumes, seg) == "decode_failed"
    assert _refused(volumes, _of_bytes(seg, "LABELMAP", MASK * 9)) == "decode_failed"


def test_a_segmentation_of_no_known_type_is_set_aside(volumes: Callable[..., object], seg: Dataset) -> None:
    seg.SegmentationType = "SURFACE"
    assert _refused(volumes, seg) == "decode_failed"


def test_a_described_segment_without_frames_is_gone(volumes: Callable[..., object]) -> None:
    seg = make_seg([MASK, MASK], make_series(np.zeros(SHAPE), (5.0, 1.0, 1.0)))
    seg.PerFrameFunctionalGroupsSequence = seg.PerFrameFunctionalGroupsSequence[:3]
    packed = np.packbits(MASK, axis=None, bitorder="little").tobytes()
    seg.NumberOfFrames, seg.PixelData = 3, packed + b"\0" * (len(packed) % 2)
    assert volumes(seg) == pytest.approx({"lesion-1": MASK.sum() * VOXEL_ML, "lesion-2": 0.0})
