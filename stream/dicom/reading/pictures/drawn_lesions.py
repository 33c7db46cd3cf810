"""What a segmentation draws of its lesions, frame by frame."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from stream.dicom.reading.geometry import Plane
from stream.dicom.reading.pixel_format import PixelFormat
from stream.dicom.reading.seg_frames import HALF, fractions
from stream.dicom.reading.seg_geometry import frame_planes, frame_sources


@dataclass(frozen=True)
class LesionFrame:
    """What a frame of a segmentation says of a lesion: `inside` (h, w) bool, its first row and column in the frame."""

    plane: Plane
    top: int
    left: int
    inside: np.ndarray


@dataclass(frozen=True)
class DrawnLesions:
    """The frames of each segment that has a voxel, and `named`: the images that the segmentation says it drew on."""

    frames: Mapping[int, Sequence[LesionFrame]]
    named: frozenset[str]

    @classmethod
    def of(cls, segmentation: Dataset, segments: Collection[int]) -> "DrawnLesions":
        """What is drawn of `segments`; raises SetAside where the segmentation cannot be read."""
        frames: dict[int, list[LesionFrame]] = {}
        for segment, frame in _frames(segmentation, segments):
            frames.setdefault(segment, []).append(frame)
        groups = segmentation.PerFrameFunctionalGroupsSequence
        return cls(frames, frozenset(uid for group in groups for uid in frame_sources(group)))


def _frames(segmentation: Dataset, segments: Collection[int]) -> Iterator[tuple[int, LesionFrame]]:
    form = PixelFormat.of(segmentation)
    for plane, (number, values) in zip(frame_planes(segmentation, form), fractions(segmentation, form), strict=True):
        for segment in segments:
            if number not in (None, segment):
                continue
            inside = values == segment if number is None else values >= HALF
            if inside.any():
                rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
                top, left = int(rows[0]), int(columns[0])
                filled = inside[top : rows[-1] + 1, left : columns[-1] + 1].copy()
                yield segment, LesionFrame(plane, top, left, filled)
