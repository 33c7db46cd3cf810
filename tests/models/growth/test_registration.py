"""Registration against transforms that are known, on a made-up head whose greys differ between the two scans."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.growth import registration
from models.growth.crop import Alignment, ScanVolume
from models.growth.registration import ImagesExtraMissing, installed, register
from tests.programs import missing

SPACING_MM = (4.0, 2.5, 2.5)
SHAPE = (32, 72, 72)
HALF_MM = np.array([(size - 1) / 2 * step for size, step in zip(SHAPE, SPACING_MM, strict=True)])
TURN = Rotation.from_euler("xyz", [4, -6, 8], degrees=True).as_matrix()
SHIFT_MM = np.array([5.0, -8.0, 6.0])


@pytest.fixture
def needs_images() -> None:
    if not installed():
        missing("needs SimpleITK; install it with `pip install 'scanstream[images]'`")


def head(points: np.ndarray) -> np.ndarray:
    """Grey values at points (3, …) in mm from the middle: skull, brain and 25 blobs."""
    random = np.random.default_rng(0)
    r = sum((along / size) ** 2 for along, size in zip(points, (56, 80, 66), strict=True))
    values = np.where(r < 1, 100.0, 0.0) + np.where((r < 1) & (r > 0.88), 80.0, 0.0)
    for _ in range(25):
        place, width, grey = random.uniform(-40, 40, 3), random.uniform(5, 15), random.uniform(-60, 60)
        apart = sum((along - centre) ** 2 for along, centre in zip(points, place, strict=True))
        values += grey * np.exp(-apart / (2 * width**2)) * (r < 1)
    return values


def pair(matrix: np.ndarray) -> tuple[ScanVolume, ScanVolume]:
    """The head, and the head whose point p lies at `matrix` p + SHIFT_MM, in other greys; both with noise."""
    random = np.random.default_rng(1)
    places = np.indices(SHAPE) * np.array(SPACING_MM)[:, None, None, None] - HALF_MM[:, None, None, None]
    back = np.tensordot(np.linalg.inv(matrix), places - SHIFT_MM[:, None, None, None], 1)
    stays, moves = head(places), 1000 - 4 * head(back)
    noise = random.normal(size=(2, *SHAPE))
    return ScanVolume(stays + 3 * noise[0], SPACING_MM), ScanVolume(moves + 10 * noise[1], SPACING_MM)


def off_mm(found: Alignment, matrix: np.ndarray) -> float:
    """Mean distance of points in the brain from where they truly lie."""
    points = np.random.default_rng(2).uniform(-45, 45, (500, 3))
    truly = points @ matrix.T + SHIFT_MM
    there = (points + HALF_MM) @ found.matrix.T + found.shift - HALF_MM
    return float(np.linalg.norm(truly - there, axis=1).mean())


def test_a_turn_and_a_shift_are_found_within_a_quarter_of_a_slice(needs_images: None) -> None:
    found = register(*pair(TURN), affine=False)
    assert np.linalg.norm(SHIFT_MM) > 10 and off_mm(found, TURN) < 1.0
    np.testing.assert_allclose(found.matrix @ found.matrix.T, np.eye(3), atol=1e-6)


def test_a_scale_is_found_after_the_turn_and_not_by_the_turn_alone(needs_images: None) -> None:
    matrix = TURN @ np.diag([1.04, 0.95, 1.03])
    stays, moves = pair(matrix)
    assert off_mm(register(stays, moves), matrix) < 1.0 < off_mm(register(stays, moves, affine=False), matrix)


def test_the_same_scans_give_the_same_alignment(needs_images: None) -> None:
    one, two = (register(*pair(TURN), affine=False) for _ in range(2))
    assert np.array_equal(one.matrix, two.matrix) and np.array_equal(one.shift, two.shift)


def test_without_the_extra_a_sentence_says_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "installed", lambda: False)
    scan = ScanVolume(np.zeros((4, 4, 4)), SPACING_MM)
    with pytest.raises(ImagesExtraMissing, match=r"pip install 'scanstream\[images\]'"):
        register(scan, scan)
