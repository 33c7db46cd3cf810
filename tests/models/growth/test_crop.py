import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.growth.crop import Alignment, ScanVolume, cropped, middle_mm
from models.growth.maps import dice
from tests.models.growth.balls import ball

SPACING_MM = (5.0, 0.9, 0.9)
SHAPE = (30, 150, 160)
PLACE_MM = np.array([70.0, 60.0, 75.0])


def scan_of(inside_at: np.ndarray) -> ScanVolume:
    """The voxels of a scan whose places (3, …) are within 16 mm of PLACE_MM after `inside_at` has moved them."""
    return ScanVolume(np.square(inside_at - PLACE_MM[:, None, None, None]).sum(0) <= 16.0**2, SPACING_MM)


def places_mm() -> np.ndarray:
    return np.indices(SHAPE) * np.array(SPACING_MM)[:, None, None, None]


def test_a_ball_in_thick_slices_is_a_ball_in_the_middle_of_its_crop() -> None:
    scan = scan_of(places_mm())
    assert middle_mm(scan) == pytest.approx(PLACE_MM, abs=0.5)
    assert dice(cropped(scan, middle_mm(scan)), ball(16.0)) > 0.93


def test_a_later_scan_lies_where_its_alignment_says() -> None:
    matrix, shift = Rotation.from_euler("xyz", [10, -15, 20], degrees=True).as_matrix(), np.array([4.0, -9.0, 12.0])
    back = np.tensordot(matrix.T, places_mm() - shift[:, None, None, None], 1)
    later = scan_of(back)
    assert dice(cropped(later, PLACE_MM, Alignment(matrix, shift, 0.0)), ball(16.0)) > 0.93
    assert dice(cropped(later, PLACE_MM), ball(16.0)) < 0.7


def test_beyond_the_scan_there_is_nothing() -> None:
    everything = ScanVolume(np.ones(SHAPE, dtype=bool), SPACING_MM)
    inside = cropped(everything, np.zeros(3))
    assert inside[20:, 20:, 20:].all() and not inside[:20].any()


def test_a_lesion_that_is_nowhere_has_no_crop() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        middle_mm(ScanVolume(np.zeros(SHAPE, dtype=bool), SPACING_MM))
