"""Where the pixels of a frame lie in the patient (PS3.3 C.7.6.2), of single-frame and multi-frame objects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pydicom import Dataset

ANGLE_TOLERANCE = 1e-3  # of direction cosines, which come rounded to a few decimals
SIZE_TOLERANCE = 0.01  # of a spacing: decimal strings keep at least three significant digits


@dataclass(frozen=True)
class Plane:
    """One frame: matrix, spacing in mm (between rows, between columns), and pose; None where the header is silent."""

    frame_of_reference: str
    rows: int
    columns: int
    spacing: tuple[float, float]
    orientation: np.ndarray  # (2, 3): direction along a row, direction down a column
    position: np.ndarray | None  # (3,): centre of the first pixel

    @cached_property
    def normal(self) -> np.ndarray:
        """Unit vector (3,) across the slices."""
        (a, b, c), (d, e, f) = self.orientation.tolist()  # numpy's own takes most of the time of reading a header
        return np.array([b * f - c * e, c * d - a * f, a * e - b * d])

    @cached_property
    def corner(self) -> tuple[float, ...]:
        """Matrix, first pixel and directions, rounded: two planes that agree in it were meant to be one grid."""
        position = () if self.position is None else np.round(self.position, 1).tolist()
        return self.rows, self.columns, *position, *np.round(self.orientation, 2).ravel().tolist()

    def is_across(self, normal: np.ndarray) -> bool:
        """Whether it lies across a direction (3,), whichever side of it is up."""
        return bool(abs(self.normal @ normal) >= 1 - ANGLE_TOLERANCE)

    def lies_on(self, other: "Plane") -> bool:
        """Whether each pixel is where the other's is, within half a pixel."""
        spacing = np.asarray(self.spacing)
        return bool(
            self.position is not None
            and other.position is not None
            and np.linalg.norm(self.position - other.position) <= spacing.min() / 2
            and np.abs(self.orientation - other.orientation).max() <= ANGLE_TOLERANCE
            and np.abs(spacing - other.spacing).max() <= SIZE_TOLERANCE * spacing.max()
        )

    def points(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Where the centres of pixels (n,) lie in the patient (n, 3), in mm; the plane must have a position."""
        down, along = (
            np.outer(rows * self.spacing[0], self.orientation[1]),
            np.outer(columns * self.spacing[1], self.orientation[0]),
        )
        return self.position + down + along

    def agrees_with(self, other: "Plane") -> bool:
        """Whether both can show the same slice: same space, place, extent and direction, within rounding."""
        named = self.frame_of_reference and other.frame_of_reference
        return (
            (not named or self.frame_of_reference == other.frame_of_reference)
            and self._covers(other)
            and bool(np.abs(self.orientation - other.orientation).max() <= ANGLE_TOLERANCE)
        )

    def _covers(self, other: "Plane") -> bool:
        """The same matrix lies in the same place; another matrix covers the same ground, up to one pixel."""
        pixel = max(*self.spacing, *other.spacing)
        if (self.rows, self.columns) != (other.rows, other.columns):
            return _close(self._extent, other._extent, pixel * (1 + SIZE_TOLERANCE))
        if not _close(self.spacing, other.spacing, pixel * SIZE_TOLERANCE):
            return False
        if self.position is None or other.position is None:
            return True
        return bool(np.linalg.norm(self.position - other.position) <= pixel / 2)

    @property
    def _extent(self) -> tuple[float, float]:
        return self.rows * self.spacing[0], self.columns * self.spacing[1]


def _close(one: tuple[float, float], other: tuple[float, float], tolerance: float) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def planes(dataset: Dataset) -> Iterator[Plane | None]:
    """The plane of each frame in order; None for frames that state no spacing or orientation."""
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    for frame in range(len(per_frame) or int(dataset.get("NumberOfFrames") or 1)):
        yield _plane(dataset, (*per_frame[frame : frame + 1], *shared[:1]))


def _plane(dataset: Dataset, groups: Sequence[Dataset]) -> Plane | None:
    """Of a frame and the `groups` that speak of it, its own first."""
    spacing = _stated(dataset, groups, "PixelMeasuresSequence", "PixelSpacing")
    orientation = _stated(dataset, groups, "PlaneOrientationSequence", "ImageOrientationPatient")
    position = _stated(dataset, groups, "PlanePositionSequence", "ImagePositionPatient")
    if not spacing or not orientation:
        return None
    return Plane(
        frame_of_reference=str(dataset.get("FrameOfReferenceUID") or ""),
        rows=int(dataset.get("Rows") or 0),
        columns=int(dataset.get("Columns") or 0),
        spacing=(float(spacing[0]), float(spacing[1])),
        orientation=np.array(orientation, dtype=float).reshape(2, 3),
        position=np.array(position, dtype=float) if position else None,
    )


def _stated(dataset: Dataset, groups: Sequence[Dataset], sequence: str, keyword: str) -> list[float] | None:
    """A value of a frame: its own, else that of all frames, else the plain attribute of single-frame images."""
    for place in (*(item for group in groups for item in (group.get(sequence) or ())[:1]), dataset):
        if value := place.get(keyword):
            return list(value)
    return None
