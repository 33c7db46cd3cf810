"""The room that the images of a segmentation show, and what cannot lie in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stream.dicom.reading.geometry import Plane
from stream.dicom.reading.stacks import Stack


@dataclass(frozen=True)
class Room:
    """The box around the pixels of parallel images: `axes` (3, 3), and its bounds (3,) along them in mm."""

    axes: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, planes: Sequence[Plane]) -> "Room":
        """The box of planes that have a position, with a margin of one voxel around the centres of the pixels."""
        first = planes[0]
        axes = np.vstack([first.orientation, first.normal])
        corners = np.concatenate([_corners(plane) for plane in planes]) @ axes.T
        apart = max(Stack.of([float(plane.position @ first.normal) for plane in planes]).gaps, default=0.0)
        margin = np.array([first.spacing[1], first.spacing[0], apart])
        return cls(axes, corners.min(axis=0) - margin, corners.max(axis=0) + margin)

    def holds(self, points: np.ndarray, spare_mm: float) -> np.ndarray:
        """Which points (n, 3) lie in it, or no more than `spare_mm` outside: (n,) bool."""
        along = points @ self.axes.T
        within: np.ndarray = np.all((along >= self.low - spare_mm) & (along <= self.high + spare_mm), axis=1)
        return within


def rooms(planes: Sequence[tuple[str, Plane]]) -> list[Room]:
    """A room for each series and direction of images; planes come with their series."""
    groups: list[tuple[str, list[Plane]]] = []
    for series, plane in planes:
        if plane.position is not None:
            near = (group for name, group in groups if name == series and plane.is_across(group[0].normal))
            if (group := next(near, None)) is None:
                groups.append((series, group := []))
            group.append(plane)
    return [Room.of(group) for _, group in groups]


def lies_outside(inside: np.ndarray, frame: Plane, depth_mm: float, shown: Sequence[Room]) -> bool:
    """Whether what is `inside` (rows, columns) bool reaches to where no image shows anything, by a clear margin."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if not shown or not rows.size:
        return False
    corners = frame.points(rows[[0, 0, -1, -1]], columns[[0, -1, 0, -1]])
    spare_mm = max(*frame.spacing, depth_mm) / 2
    return not np.any([room.holds(corners, spare_mm) for room in shown], axis=0).all()


def _corners(plane: Plane) -> np.ndarray:
    rows, columns = np.array([0, 0, plane.rows - 1, plane.rows - 1]), np.array([0, plane.columns - 1] * 2)
    return plane.points(rows, columns)
