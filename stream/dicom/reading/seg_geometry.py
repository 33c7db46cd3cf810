"""Where the frames of a segmentation lie, and whether the images it was drawn on agree."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from pydicom import Dataset

from stream.dicom.reading.geometry import Plane, planes
from stream.dicom.reading.pixel_format import PixelFormat
from stream.errors import SetAside
from stream.vocabulary import ReasonCode

SAME_PLACE_MM = 0.01  # positions closer than this are one slice: they come as rounded decimal strings


def frame_planes(dataset: Dataset, form: PixelFormat) -> list[Plane]:
    """The plane of every frame; SetAside if one is missing or the pixel sizes cannot be."""
    described = list(planes(dataset))
    if len(described) != form.frames:
        raise SetAside(ReasonCode.DECODE_FAILED, "The segmentation describes another number of frames than it holds.")
    frames = [frame for frame in described if frame and frame.position is not None and _positive(frame.spacing)]
    if len(frames) != form.frames:
        raise SetAside(
            ReasonCode.BAD_GEOMETRY, "The segmentation does not say where its frames lie or how large its pixels are."
        )
    if any(not np.allclose(frame.spacing, frames[0].spacing) for frame in frames):
        raise SetAside(ReasonCode.BAD_GEOMETRY, "The frames of the segmentation have different pixel sizes.")
    return frames


def _positive(values: Sequence[float]) -> bool:
    return bool(np.all(np.isfinite(values)) and min(values) > 0)


def planes_referred_to(dataset: Dataset, frames: Sequence[Plane], images: Mapping[str, Dataset]) -> list[Plane]:
    """Planes of the images referred to and held; SetAside(bad_geometry) where a frame contradicts its sources."""
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or []
    held = _referenced(dataset, groups) & images.keys()
    by_uid = {uid: [plane for plane in planes(images[uid]) if plane] for uid in held}
    everything = [plane for image in by_uid.values() for plane in image]
    for frame, group in zip(frames, groups, strict=False):
        sources = [plane for uid in frame_sources(group) for plane in by_uid.get(uid, ())]
        shown = frame if sources else replace(frame, position=None)  # which image it shows is not said
        if everything and not any(shown.agrees_with(plane) for plane in sources or everything):
            raise SetAside(
                ReasonCode.BAD_GEOMETRY, "The segmentation contradicts the geometry of the images it was drawn on."
            )
    return everything


def _referenced(dataset: Dataset, groups: Sequence[Dataset]) -> set[str]:
    series = dataset.get("ReferencedSeriesSequence") or []
    listed = {
        str(item.ReferencedSOPInstanceUID)
        for one_series in series
        for item in one_series.get("ReferencedInstanceSequence") or []
    }
    return listed | {uid for group in groups for uid in frame_sources(group)}


def frame_sources(group: Dataset) -> Iterator[str]:
    """SOP Instance UIDs of the images that a frame, by its functional groups, was drawn on."""
    for derivation in group.get("DerivationImageSequence") or []:
        for source in derivation.get("SourceImageSequence") or []:
            yield str(source.ReferencedSOPInstanceUID)


def slice_spacing(dataset: Dataset, frames: Sequence[Plane], referenced: Sequence[Plane]) -> float:
    """Distance between slices in mm.

    From the positions of images and frames together: frames without a lesion are often left out, so that the frames'
    own may skip slices. Without the images the stated spacing comes first, then the positions, then the thickness.
    """
    between, thickness = (_measure(dataset, keyword) for keyword in ("SpacingBetweenSlices", "SliceThickness"))
    positions = _smallest_step(frames[0].normal, [*frames, *referenced])
    spacing = (positions or between if referenced else between or positions) or thickness
    if not spacing:
        raise SetAside(ReasonCode.BAD_GEOMETRY, "The segmentation does not say how far apart its slices are.")
    return spacing


def _smallest_step(normal: np.ndarray, everything: Sequence[Plane]) -> float | None:
    along = np.sort([plane.position @ normal for plane in everything if plane.position is not None])
    steps = np.diff(along)
    steps = steps[steps > SAME_PLACE_MM]
    return float(steps.min()) if steps.size else None


def _measure(dataset: Dataset, keyword: str) -> float | None:
    """A value of the first Pixel Measures Sequence that states it, None unless positive."""
    groups = [*(dataset.get("SharedFunctionalGroupsSequence") or [])]
    groups += (dataset.get("PerFrameFunctionalGroupsSequence") or [])[:1]
    values = (measures.get(keyword) for group in groups for measures in group.get("PixelMeasuresSequence") or [])
    millimetres = next((float(value) for value in values if value), None)
    return millimetres if millimetres and _positive([millimetres]) else None
