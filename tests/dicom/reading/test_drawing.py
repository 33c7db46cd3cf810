"""A picture shows a lesion where it is: in the middle, in its true shape, turned as people look at it."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from stream.dicom.reading.pictures.drawing import MOST_PIXELS, Oriented, draw, oriented, view_of

WHITE, BLACK = 255, 0
CORNER = (slice(-12, None), slice(None, 60))
"""Where the scale is."""
SIDE = 61
TOWARDS = {
    "axial": ((1, 0, 0), (0, 1, 0)),  # the patient's left on the right, the back below
    "coronal": ((1, 0, 0), (0, 0, -1)),  # the patient's left on the right, the feet below
    "sagittal": ((0, 1, 0), (0, 0, -1)),  # the back on the right, the feet below
}


def without_scale(grey: np.ndarray) -> np.ndarray:
    shown = grey.copy()
    shown[CORNER] = 100
    return shown


def outline_box(grey: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.nonzero(without_scale(grey) == WHITE)
    return slice(rows.min() + 1, rows.max()), slice(columns.min() + 1, columns.max())


def test_the_line_runs_around_the_lesion_and_on_none_of_its_pixels() -> None:
    mm = 40 / MOST_PIXELS * 4  # four pixels of the picture for one of the image
    inside = np.zeros((SIDE, SIDE), bool)
    inside[28:33, 27:34] = True
    inside[28, 27] = inside[30, 30] = False
    picture = draw(Oriented(np.full((SIDE, SIDE), 0.5), inside, (mm, mm)))
    assert picture.grey.shape == (MOST_PIXELS, MOST_PIXELS)
    filled = np.kron(inside[6:55, 6:55], np.ones((4, 4), bool))[2:-2, 2:-2]  # 48 of 49 pixels, half of one cut off
    line = binary_dilation(filled, np.ones((3, 3), bool)) & ~filled
    assert (without_scale(picture.grey) == WHITE).tolist() == line.tolist()
    assert set(picture.grey[filled]) == {113}  # half of the brightest that tissue gets


def test_the_lesion_lies_in_the_middle_wherever_it_is_in_the_image() -> None:
    inside = np.zeros((200, 300), bool)
    inside[60:72, 210:226] = True
    rows, columns = outline_box(draw(Oriented(np.zeros(inside.shape), inside, (1.0, 1.0))).grey)
    assert [(each.start + each.stop) / 2 for each in (rows, columns)] == [MOST_PIXELS / 2] * 2


def test_at_the_edge_of_the_image_the_picture_ends_with_it() -> None:
    inside = np.zeros((100, 100), bool)
    inside[:10, 45:55] = True
    picture = draw(Oriented(np.full(inside.shape, 0.5), inside, (1.0, 1.0)))
    assert picture.grey.shape == (120, 192)  # 25 of 40 mm are within the image


@pytest.mark.parametrize("spacing", [(0.5, 2.0), (2.0, 0.5), (1.0, 1.0)])
def test_a_round_lesion_is_round_in_pixels_of_any_shape(spacing: tuple[float, float]) -> None:
    down, across = (np.arange(round(120 / mm)) * mm - 60 for mm in spacing)
    inside = np.hypot(*np.meshgrid(down, across, indexing="ij")) <= 10
    picture = draw(Oriented(np.zeros(inside.shape), inside, spacing))
    sizes = [(each.stop - each.start) * picture.mm_per_pixel for each in outline_box(picture.grey)]
    assert sizes == [pytest.approx(20, abs=2.1)] * 2


@pytest.mark.parametrize(("lesion_mm", "shown_mm"), [(4, 40), (20, 60), (60, 120), (90, 150)])
def test_what_is_cut_out_follows_the_lesion_and_is_never_a_whole_head(lesion_mm: int, shown_mm: int) -> None:
    inside = np.zeros((256, 256), bool)
    inside[80 : 80 + lesion_mm, 90:94] = True
    picture = draw(Oriented(np.zeros(inside.shape), inside, (1.0, 1.0)))
    assert picture.grey.shape[0] * picture.mm_per_pixel == pytest.approx(shown_mm)


def test_the_scale_is_ten_millimetres_long() -> None:
    inside = np.zeros((256, 256), bool)
    inside[100:120, 100:120] = True
    picture = draw(Oriented(np.zeros(inside.shape), inside, (1.0, 1.0)))
    _, columns = np.nonzero(picture.grey[CORNER] == WHITE)
    assert (np.ptp(columns) + 1) * picture.mm_per_pixel == pytest.approx(10, abs=picture.mm_per_pixel / 2)


def body(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Brightness and lesion at points (..., 3) in mm: brighter to the left, to the back and to the head, unequally."""
    brighter = points @ np.array([0.004, 0.003, 0.002]) + 0.5
    return np.clip(brighter, 0, 1), np.abs(points - [6, -4, 3]).max(axis=-1) <= 8


def cut(rightwards: np.ndarray, downwards: np.ndarray) -> Oriented:
    """A slice through the lesion, stored with rows and columns that run as said, turned for people."""
    steps = np.arange(SIDE) * 1.5 - 45
    down, right = np.meshgrid(steps, steps, indexing="ij")
    points = np.array([6, -4, 3]) + down[..., None] * downwards + right[..., None] * rightwards
    shown = Oriented(*body(points), (1.5, 1.5))
    return oriented(shown, np.stack([rightwards, downwards]))


def turned(degrees: float) -> Callable[[np.ndarray], np.ndarray]:
    """By this much about an axis between all three."""
    x, y, z = np.ones(3) / np.sqrt(3)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.deg2rad(degrees)
    matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return lambda direction: matrix @ direction


@pytest.mark.parametrize("degrees", [0, 20, -20])
@pytest.mark.parametrize("view", TOWARDS)
def test_however_rows_and_columns_are_stored_people_see_the_same_picture(view: str, degrees: float) -> None:
    right, down = map(turned(degrees), map(np.array, TOWARDS[view]))
    told = cut(right, down)
    assert view_of(np.cross(right, down)) == view
    assert np.allclose(told.grey, cut_as_it_lies(right, down))
    for one, other in product((1, -1), repeat=2):
        for stored in ((one * right, other * down), (other * down, one * right)):
            assert np.allclose(cut(*stored).grey, told.grey)
            assert np.array_equal(cut(*stored).inside, told.inside)


def cut_as_it_lies(right: np.ndarray, down: np.ndarray) -> np.ndarray:
    steps = np.arange(SIDE) * 1.5 - 45
    rows, columns = np.meshgrid(steps, steps, indexing="ij")
    return body(np.array([6, -4, 3]) + rows[..., None] * down + columns[..., None] * right)[0]


def test_pixels_of_two_lengths_change_places_with_the_sides() -> None:
    inside = np.zeros((10, 30), bool)
    inside[5, 15] = True
    sideways = oriented(Oriented(np.zeros(inside.shape), inside, (3.0, 1.0)), np.array([[0, 1.0, 0], [1.0, 0, 0]]))
    assert (sideways.inside.shape, sideways.spacing_mm) == ((30, 10), (1.0, 3.0))
