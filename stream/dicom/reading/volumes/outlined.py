"""Series in which a segmentation outlines lesions, from a folder of files: what the slice classifier is taught with."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import SegmentationStorage

from models.imaging.outlined import OutlinedSeries
from stream.dicom.reading.files import read_beginning, read_whole
from stream.dicom.reading.header import text
from stream.dicom.reading.pictures.drawing import turn_of
from stream.dicom.reading.pictures.drawn_lesions import DrawnLesions, LesionFrame
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.segments import held_segments
from stream.dicom.reading.volumes.no_volume import NoVolume
from stream.dicom.reading.volumes.series_volume import series_volume
from stream.dicom.reading.volumes.slices import Slices, slices_of
from stream.errors import SetAside


@dataclass
class OutlinedFiles:
    """What a folder holds: `series` with an outline, and of what gives none a sentence each, `unused`."""

    series: list[OutlinedSeries] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


class _OutlineAstray(Exception):
    """An outline lies on none of the slices."""


@dataclass
class _Study:
    """Images by series, and segmentations, of one study of one patient."""

    images: dict[str, list[Image]] = field(default_factory=lambda: defaultdict(list))
    segmentations: list[Path] = field(default_factory=list)


def outlined_series(files: Iterable[Path]) -> OutlinedFiles:
    """The outlined series in `files`, by patient and day; files and series of which none is made are named."""
    found, studies = OutlinedFiles(), dict[tuple[str, str, str], _Study]()
    for path in files:
        try:
            beginning = read_beginning(path)
        except SetAside as error:
            found.unused.append(f"{path}: {error}")
            continue
        header = beginning.header
        whose = (text(header, "PatientID"), text(header, "StudyDate"), text(header, "StudyInstanceUID"))
        study = studies.setdefault(whose, _Study())
        if header.SOPClassUID == SegmentationStorage:
            study.segmentations.append(path)
        else:
            study.images[text(header, "SeriesInstanceUID")].append(Image(path, beginning))
    for (patient, _, _), study in sorted(studies.items()):
        _add(found, patient, study)
    return found


def _add(found: OutlinedFiles, patient: str, study: _Study) -> None:
    """The series of a study that a segmentation names, with all that segmentations outline in each."""
    try:
        drawn = [_drawn(read_whole(path)) for path in study.segmentations]
    except SetAside as error:
        found.unused.append(f"{study.segmentations[0].parent}: {error}")
        return
    for images in study.images.values():
        uids = {str(image.header.SOPInstanceUID) for image in images}
        frames = [frame for each in drawn if each.named & uids for frame in _frames(each.frames)]
        try:
            if not frames:
                found.unused.append(f"{images[0].path.parent}: nothing is outlined in this series.")
                continue
            found.series.append(OutlinedSeries(patient, series_volume(images), _outlined(slices_of(images), frames)))
        except (NoVolume, _OutlineAstray) as hindrance:
            found.unused.append(f"{images[0].path.parent}: {hindrance}.")


def _drawn(segmentation: Dataset) -> DrawnLesions:
    lesions = [number for (_, number), held in held_segments(segmentation).items() if not held.why_no_lesion]
    return DrawnLesions.of(segmentation, lesions)


def _frames(by_segment: Mapping[int, Iterable[LesionFrame]]) -> Iterator[LesionFrame]:
    for frames in by_segment.values():
        yield from frames


def _outlined(slices: Slices, frames: Iterable[LesionFrame]) -> np.ndarray:
    """What lies within the outlines (D, H, W) bool, slices and pixels in the order of their volume."""
    first = slices.ordered[0].plane
    inside = np.zeros((len(slices.ordered), first.rows, first.columns), bool)
    for frame in frames:
        level = next((n for n, one in enumerate(slices.ordered) if frame.plane.lies_on(one.plane)), None)
        if level is None:
            raise _OutlineAstray("an outline lies on none of its slices")
        height, width = frame.inside.shape
        inside[level, frame.top : frame.top + height, frame.left : frame.left + width] |= frame.inside
    swapped, down, right = turn_of(first.orientation)
    if swapped:
        inside = inside.swapaxes(1, 2)
    return np.ascontiguousarray(inside[:, ::down, ::right])
