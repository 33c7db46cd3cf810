"""A small picture of a lesion in one slice: cut out around it, as radiologists look at it, with outline and scale."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import binary_dilation

MOST_PIXELS = 192
"""Of a side of a picture."""
TIMES_AS_LARGE, SMALLEST_MM, MARGIN_MM = 3.0, 40.0, 30.0
"""Of what is cut out: three times the lesion with no more than a margin around it, so that it is never a whole head."""
TICK_MM = 10.0
_TICK_INSET, _TICK_PIXELS = 6, 2
_BLACK, _WHITE, _BRIGHTEST = 0, 255, 225
"""Tissue is never as bright as the outline, which has a black edge on the far side."""
_TIE = 1e-6
"""Values halfway between two greys go up on every machine, whatever the last bit of a product."""
_ALL_ROUND = np.ones((3, 3), bool)

_VIEWS = {
    "sagittal": (0, (1, 1), (2, -1)),
    "coronal": (1, (0, 1), (2, -1)),
    "axial": (2, (0, 1), (1, 1)),
}
"""By view: the axis across it, and to the right and down the page an axis and its direction (PS3.3 C.7.6.2.1.1: x runs
to the patient's left, y to the back, z to the head). Axial ones are seen from the feet, sagittal ones from the left."""


class Oriented(NamedTuple):
    """A slice as it is looked at: `grey` (rows, columns) shares of white, `inside` bool, spacing down and across."""

    grey: np.ndarray
    inside: np.ndarray
    spacing_mm: tuple[float, float]


class Turn(NamedTuple):
    """How a slice as stored becomes one as looked at: rows and columns `swapped`, then steps of 1 or -1 along each."""

    swapped: bool
    down: int
    right: int


@dataclass(frozen=True)
class Picture:
    """8-bit grey values (rows, columns) and the size of their pixels, which are square."""

    grey: np.ndarray
    mm_per_pixel: float


def view_of(normal: np.ndarray) -> str:
    """axial, coronal or sagittal: the view that a slice with this normal (3,) comes closest to."""
    axis = int(np.abs(normal).argmax())
    return next(view for view, (across, _, _) in _VIEWS.items() if across == axis)


def oriented(slice_: Oriented, orientation: np.ndarray) -> Oriented:
    """The slice turned as its view is looked at; `orientation` (2, 3) along its rows and down its columns."""
    swapped, down, right = turn_of(orientation)
    grey, inside, spacing_mm = slice_
    if swapped:
        grey, inside, spacing_mm = grey.T, inside.T, spacing_mm[::-1]
    return Oriented(grey[::down, ::right], inside[::down, ::right], spacing_mm)


def turn_of(orientation: np.ndarray) -> Turn:
    """How slices of this orientation (2, 3) are turned to be looked at."""
    _, (across, right), (along, down) = _VIEWS[view_of(np.cross(*orientation))]
    rightwards, downwards = orientation
    swapped = bool(abs(rightwards[across]) < abs(downwards[across]))
    if swapped:
        rightwards, downwards = downwards, rightwards
    return Turn(swapped, 1 if downwards[along] * down >= 0 else -1, 1 if rightwards[across] * right >= 0 else -1)


def draw(shown: Oriented) -> Picture:
    """What is inside, in the middle unless the image ends there, and what lies around it."""
    boxes = [_box(np.nonzero(shown.inside)[axis], mm) for axis, mm in enumerate(shown.spacing_mm)]
    extent_mm = max(end - start for start, end in boxes)
    side_mm = max(SMALLEST_MM, min(TIMES_AS_LARGE * extent_mm, extent_mm + 2 * MARGIN_MM))
    mm_per_pixel = side_mm / MOST_PIXELS
    places = [
        _places((start + end) / 2, many * mm, mm_per_pixel) / mm
        for (start, end), many, mm in zip(boxes, shown.grey.shape, shown.spacing_mm, strict=True)
    ]
    bright = _between(_between(shown.grey, places[0], 0), places[1], 1)
    grey = np.floor(bright * _BRIGHTEST + 0.5 + _TIE).astype(np.uint8)
    _outline(grey, shown.inside[np.ix_(*(place.astype(int) for place in places))])
    _scale(grey, round(TICK_MM / mm_per_pixel))
    return Picture(grey, mm_per_pixel)


def _box(places: np.ndarray, mm: float) -> tuple[float, float]:
    """Where the first of the pixels at these places begins and the last one ends, in mm."""
    return float(places.min() * mm), float((places.max() + 1) * mm)


def _places(middle_mm: float, size_mm: float, mm_per_pixel: float) -> np.ndarray:
    """Where the centres of the picture's pixels lie along one side of the image (mm), no further than it reaches."""
    places = middle_mm + (np.arange(MOST_PIXELS) - (MOST_PIXELS - 1) / 2) * mm_per_pixel
    return places[(places >= 0) & (places < size_mm)]


def _between(values: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Linear interpolation along an axis at places in pixels, 0 where the first one begins."""
    centred = np.clip(places - 0.5, 0, values.shape[axis] - 1)
    low = np.floor(centred).astype(int)
    share = (centred - low).reshape((-1, 1) if axis == 0 else (1, -1))
    high = np.minimum(low + 1, values.shape[axis] - 1)
    between: np.ndarray = values.take(low, axis) * (1 - share) + values.take(high, axis) * share
    return between


def _outline(grey: np.ndarray, inside: np.ndarray) -> None:
    """A bright line around what is inside, on none of its pixels, and a black one around that."""
    line = binary_dilation(inside, _ALL_ROUND)
    edge = binary_dilation(line, _ALL_ROUND)
    grey[edge & ~line] = _BLACK
    grey[line & ~inside] = _WHITE


def _scale(grey: np.ndarray, pixels: int) -> None:
    """A tick of TICK_MM in the lower left corner, where there is room for it."""
    bottom, right = grey.shape[0] - _TICK_INSET, _TICK_INSET + pixels
    if right < grey.shape[1] and bottom > _TICK_PIXELS:
        grey[bottom - _TICK_PIXELS - 1 : bottom + 1, _TICK_INSET - 1 : right + 1] = _BLACK
        grey[bottom - _TICK_PIXELS : bottom, _TICK_INSET:right] = _WHITE
