"""The series that a lesion was drawn on, as a stack of slices; never guessed where it is not clear which one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset

from stream.dicom.reading.files import Beginning
from stream.dicom.reading.geometry import Plane, planes
from stream.dicom.reading.image_pixels import NoImage
from stream.dicom.reading.pictures.drawn_lesions import LesionFrame
from stream.dicom.reading.stacks import SAME_PLACE_MM


@dataclass(frozen=True)
class Image:
    """A kept image: where its file is, and what that says before its pixel data."""

    path: Path
    beginning: Beginning

    @property
    def header(self) -> Dataset:
        """All of its attributes but the pixel data."""
        return self.beginning.header


@dataclass(frozen=True)
class ShownSlice:
    """One frame of an image, `along` (mm) the normal of the stack; `named`: a segmentation says it was drawn on it."""

    uid: str
    frame: int
    plane: Plane
    along: float
    named: bool


@dataclass(frozen=True)
class ImageFrames:
    """The frames of images that have a place: series, SOP Instance UID, number of the frame from 0, plane."""

    frames: Sequence[tuple[str, str, int, Plane]]

    @classmethod
    def of(cls, images: Mapping[str, Image]) -> "ImageFrames":
        """Of `images` by SOP Instance UID."""
        return cls(
            [
                (str(image.header.get("SeriesInstanceUID")), uid, frame, plane)
                for uid, image in images.items()
                for frame, plane in enumerate(planes(image.header))
                if plane and plane.position is not None
            ]
        )

    def stack(self, drawn: Sequence[LesionFrame], named: frozenset[str]) -> list[ShownSlice]:
        """The frames of the only series that shows a lesion's place in every voxel, in order; NoImage without one.

        A series may show one place at several times: then what is `named` stands for it.
        """
        like = drawn[0].plane
        by_series: dict[str, list[ShownSlice]] = {}
        for series, uid, frame, plane in self.frames:
            if (plane.rows, plane.columns) == (like.rows, like.columns):
                shown = ShownSlice(uid, frame, plane, float(plane.position @ like.normal), uid in named)
                by_series.setdefault(series, []).append(shown)
        drawn_on = [each for each in by_series.values() if not named or any(shown.named for shown in each)]
        stacks = [stack for each in drawn_on if _shows_all(drawn, stack := _in_order(each))]
        if len(stacks) != 1:
            raise NoImage("several series show the lesion" if stacks else "the images it was drawn on are not there")
        return stacks[0]


def _in_order(series: Sequence[ShownSlice]) -> list[ShownSlice]:
    taken = np.array([shown.along for shown in series if shown.named])
    kept = [shown for shown in series if shown.named or not (np.abs(taken - shown.along) <= SAME_PLACE_MM).any()]
    return sorted(kept, key=lambda shown: shown.along)


def _shows_all(drawn: Sequence[LesionFrame], stack: Sequence[ShownSlice]) -> bool:
    return all(frame.plane.agrees_with(stack[level_of(frame, stack)].plane) for frame in drawn)


def level_of(frame: LesionFrame, stack: Sequence[ShownSlice]) -> int:
    """Where in the stack the slice nearest to a frame lies."""
    along = frame.plane.position @ frame.plane.normal
    return int(np.abs(np.array([shown.along for shown in stack]) - along).argmin())
