"""Outlines on the grid of growth maps: as large as what was drawn, along the patient's own directions."""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from models.growth.maps import SPACING_MM, VOXELS, unpacked, volume_ml
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading import seg
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.places import lesion_maps
from stream.measured_scan import MeasuredScan
from tests.dicom.factories import make_seg, make_series, save

SHAPE = (20, 80, 80)
Measure = Callable[..., MeasuredScan]


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> Measure:
    def run(*datasets: Dataset) -> MeasuredScan:
        files = [save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets]
        return measure_scan(files, pseudonyms, "P1", dt.UTC)

    return run


def drawn(measure: Measure, masks: Sequence[np.ndarray], spacing: tuple[float, float, float]) -> MeasuredScan:
    images = make_series(np.full(SHAPE, 300), spacing)
    return measure(make_seg([*masks], images), *images)


def ball(radius_mm: float, spacing: tuple[float, float, float]) -> np.ndarray:
    offsets = [(np.arange(many) - many / 2) * step for many, step in zip(SHAPE, spacing, strict=True)]
    z, y, x = np.meshgrid(*offsets, indexing="ij")
    inside: np.ndarray = z**2 + y**2 + x**2 <= radius_mm**2
    return inside


@pytest.mark.parametrize("spacing", [(2.0, 1.0, 1.0), (3.0, 0.8, 0.8), (6.5, 0.9, 0.9), (2.2, 2.5, 2.5)])
def test_a_map_is_as_large_as_what_was_drawn_and_lies_in_the_middle(
    measure: Measure, spacing: tuple[float, float, float]
) -> None:
    scan = drawn(measure, [ball(18.0, spacing)], spacing)
    (map_,) = scan.maps
    (volume,) = (value.value for value in scan.measurements if value.measurement == "volume")
    inside = unpacked(map_.outline)
    assert map_.lesion_uid == scan.measurements[0].lesion_uid
    assert volume_ml(inside) == pytest.approx(volume, rel=0.05)
    middle = np.argwhere(inside).mean(0) - (VOXELS - 1) / 2
    assert np.abs(middle * SPACING_MM).max() < 0.7


def test_slices_lie_from_the_feet_rows_from_the_front_and_columns_from_the_right(measure: Measure) -> None:
    wedge = np.zeros(SHAPE, bool)
    wedge[5:15, 30:50, 30:50] = True
    wedge[10:15, 30:40, 30:40] = False  # above, in front, right
    (map_,) = drawn(measure, [wedge], (2.0, 1.0, 1.0)).maps
    counts = unpacked(map_.outline)
    low, high = np.argwhere(counts).min(0), np.argwhere(counts).max(0) + 1
    middle = (low + high) // 2
    upper, front, right = (slice(middle[0], high[0]), slice(low[1], middle[1] - 1), slice(low[2], middle[2] - 1))
    assert not counts[upper, front, right].any()
    assert counts[low[0] : middle[0] - 1, front, right].all()


def test_whatever_comes_first_the_map_is_the_same(measure: Measure) -> None:
    masks = [ball(9.0, (2.0, 1.0, 1.0)), np.roll(ball(5.0, (2.0, 1.0, 1.0)), 20, axis=2)]
    images = make_series(np.full(SHAPE, 300), (2.0, 1.0, 1.0))
    drawn_on = make_seg(masks, images)
    assert measure(drawn_on, *images).maps == measure(*images[::-1], drawn_on).maps
    assert len(measure(drawn_on, *images).maps) == 2


def test_a_lesion_in_two_parts_has_nothing_between_them(measure: Measure) -> None:
    parts = np.zeros(SHAPE, bool)
    parts[3:6, 30:50, 30:50] = parts[14:17, 30:50, 30:50] = True
    (map_,) = drawn(measure, [parts], (2.0, 1.0, 1.0)).maps
    filled = unpacked(map_.outline).any(axis=(1, 2))
    assert np.count_nonzero(np.diff(filled.astype(int)) == 1) == 2


def test_a_lesion_smaller_than_a_voxel_is_still_there(measure: Measure) -> None:
    point = np.zeros(SHAPE, bool)
    point[10, 40, 40] = True
    (map_,) = drawn(measure, [point], (1.0, 0.5, 0.5)).maps
    assert np.count_nonzero(unpacked(map_.outline)) == 1


def without_map(scan: MeasuredScan) -> list[tuple[str, str]]:
    """What is said of outlines that no map was drawn of."""
    assert scan.maps == () and len(scan.measurements) == 2
    return [(row.meaning, row.reason) for row in scan.unused]


def test_a_lesion_larger_than_the_cube_has_none_and_says_so(measure: Measure) -> None:
    whole = np.zeros(SHAPE, bool)
    whole[2:18, 5:75, 5:75] = True
    scan = drawn(measure, [whole], (4.0, 2.0, 2.0))
    label = scan.measurements[0].lesion_label
    why = "no growth map is drawn: it does not fit into the 8 cm of a map"
    assert without_map(scan) == [(f"outline of {label}", why)]


def test_a_lesion_whose_slices_are_turned_against_each_other_has_none_and_says_so(measure: Measure) -> None:
    images = make_series(np.full(SHAPE, 300), (2.0, 1.0, 1.0))
    seg, turned = make_seg([ball(9.0, (2.0, 1.0, 1.0))], images), Dataset()
    turned.ImageOrientationPatient = [0.0, 1.0, 0.0, -1.0, 0.0, 0.0]
    seg.PerFrameFunctionalGroupsSequence[10].PlaneOrientationSequence = [turned]
    ((_, why),) = without_map(measure(seg))
    assert why == "no growth map is drawn: its slices are turned against each other"


def test_of_two_segments_of_one_lesion_one_that_can_be_drawn_is_enough(measure: Measure) -> None:
    whole, images = np.zeros(SHAPE, bool), make_series(np.full(SHAPE, 300), (4.0, 2.0, 2.0))
    whole[2:18, 5:75, 5:75] = True
    seg = make_seg([whole, ball(20.0, (4.0, 2.0, 2.0))], images)
    for segment in seg.SegmentSequence:
        segment.TrackingID, segment.TrackingUID = "one lesion", "2.25.7"
    scan = measure(seg, *images)
    assert len(scan.maps) == 1 and not [row for row in scan.unused if "growth map" in row.reason]


def test_an_empty_segment_has_none(measure: Measure) -> None:
    masks = [np.zeros(SHAPE, bool), ball(9.0, (2.0, 1.0, 1.0))]
    assert len(drawn(measure, masks, (2.0, 1.0, 1.0)).maps) == 1


def test_a_lesion_of_more_voxels_than_memory_should_hold_has_none_and_says_so(
    measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (seg, lesion_maps):
        monkeypatch.setattr(module, "MOST_VOXELS", 1000)
    ((_, why),) = without_map(drawn(measure, [ball(9.0, (2.0, 1.0, 1.0))], (2.0, 1.0, 1.0)))
    assert why == "no growth map is drawn: its outline has more pixels than are drawn"
