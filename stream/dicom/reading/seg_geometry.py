"""Where the frames of a segmentation lie, how thick they are, and whether that can be true of its images."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from pydicom import Dataset

from stream.dicom.reading.geometry import SIZE_TOLERANCE, Plane, planes
from stream.dicom.reading.pixel_format import PixelFormat
from stream.dicom.reading.stacks import UNEVEN, Stack, are_steps_of, same_step, stacks_of
from stream.errors import SetAside
from stream.vocabulary import ReasonCode

UNIT_TOLERANCE = 0.01  # of the length of directions and the angle between them: cosines come rounded


def frame_planes(dataset: Dataset, form: PixelFormat) -> list[Plane]:
    """The plane of every frame; SetAside if one is missing, cannot be, or is not parallel to the others."""
    described = list(planes(dataset))
    if len(described) != form.frames:
        raise SetAside(ReasonCode.DECODE_FAILED, "The segmentation describes another number of frames than it holds.")
    frames = [frame for frame in described if frame and _is_whole(frame)]
    if len(frames) != form.frames:
        raise bad_geometry("The segmentation does not say where its frames lie or how large its pixels are.")
    if not np.allclose([frame.spacing for frame in frames], frames[0].spacing):
        raise bad_geometry("The frames of the segmentation have different pixel sizes.")
    if any(not frame.is_across(frames[0].normal) for frame in frames):
        raise bad_geometry("The frames of the segmentation are not parallel.")
    return frames


def bad_geometry(sentence: str) -> SetAside:
    """What to raise where something does not fit into space."""
    return SetAside(ReasonCode.BAD_GEOMETRY, sentence)


def _is_whole(frame: Plane) -> bool:
    products = frame.orientation @ frame.orientation.T
    return (
        frame.position is not None
        and bool(np.isfinite(frame.position).all())
        and _positive(frame.spacing)
        and bool(np.abs(products - np.eye(2)).max() <= UNIT_TOLERANCE)
    )


def _positive(values: Sequence[float]) -> bool:
    return bool(np.all(np.isfinite(values)) and min(values) > 0)


def planes_referred_to(dataset: Dataset, images: Mapping[str, Dataset]) -> list[tuple[str, Plane]]:
    """Series and plane of the frames of all images that the segmentation refers to and that are held.

    SetAside(bad_geometry) where all of them lie in another frame of reference.
    """
    held = sorted(_referenced(dataset) & images.keys())
    spaces = {str(images[uid].get("FrameOfReferenceUID") or "") for uid in held} - {""}
    own = str(dataset.get("FrameOfReferenceUID") or "")
    if own and spaces and own not in spaces:
        raise bad_geometry("The segmentation lies in another frame of reference than the images it was drawn on.")
    series = {uid: str(images[uid].get("SeriesInstanceUID") or "") for uid in held}
    return [(series[uid], plane) for uid in held for plane in planes(images[uid]) if plane]


def planes_beside(dataset: Dataset, images: Mapping[str, Dataset]) -> list[tuple[str, Plane]] | None:
    """Series and plane of the other images of the series that it refers to; None where one of those is not held."""
    referenced = _referenced(dataset)
    if not referenced <= images.keys():
        return None
    series = {str(images[uid].get("SeriesInstanceUID") or "") for uid in referenced}
    beside = {uid: str(images[uid].get("SeriesInstanceUID") or "") for uid in images.keys() - referenced}
    return [(name, plane) for uid, name in beside.items() if name in series for plane in planes(images[uid]) if plane]


def _referenced(dataset: Dataset) -> set[str]:
    series = dataset.get("ReferencedSeriesSequence") or []
    listed = {
        str(item.ReferencedSOPInstanceUID)
        for one_series in series
        for item in one_series.get("ReferencedInstanceSequence") or []
    }
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or []
    return listed | {uid for group in groups for uid in frame_sources(group)}


def frame_sources(group: Dataset) -> Iterator[str]:
    """SOP Instance UIDs of the images that a frame, by its functional groups, was drawn on."""
    for derivation in group.get("DerivationImageSequence") or []:
        for source in derivation.get("SourceImageSequence") or []:
            yield str(source.ReferencedSOPInstanceUID)


def check_pixel_size(frames: Sequence[Plane], referred_to: Sequence[tuple[str, Plane]]) -> None:
    """SetAside(bad_geometry) where a frame has matrix, corner and directions of images, but none of their sizes."""
    sizes: dict[tuple[float, ...], list[tuple[float, float]]] = {}
    for _, plane in referred_to:
        sizes.setdefault(plane.corner, []).append(plane.spacing)
    for frame in frames:
        known = sizes.get(frame.corner)
        if known and not any(np.allclose(frame.spacing, size, rtol=SIZE_TOLERANCE) for size in known):
            raise bad_geometry("The segmentation has other pixel sizes than the images it was drawn on.")


def slice_places(frames: Sequence[Plane]) -> list[float]:
    """How far (mm) each frame lies along their common normal."""
    normal = frames[0].normal
    return [float(frame.position @ normal) for frame in frames]


def slice_depths(dataset: Dataset, frames: Sequence[Plane], referred_to: Sequence[tuple[str, Plane]]) -> list[float]:
    """The thickness (mm) of each frame's slice: as stated of the grid, unless positions tell of another one.

    Frames without a lesion are often left out, so that the frames' own positions may skip slices; then the stack of
    images says how far apart they are, and without images the stated spacing.
    """
    places = slice_places(frames)
    own = Stack.of(places)
    stack = _stack_of(own, stacks_of(frames[0].normal, referred_to))
    stated, thickness = (_measure(dataset, keyword) for keyword in ("SpacingBetweenSlices", "SliceThickness"))
    if step := _confirmed(own, stated or thickness):
        return [step] * len(frames)
    if stated and _is_possible(stated, own, stack, _drawn_on_pixels(frames, referred_to)):
        return [stated] * len(frames)
    if stated and not stack and 2 * sum(are_steps_of(own.gaps, stated)) < len(own.gaps):
        raise bad_geometry("The frames of the segmentation do not lie as far apart as it says.")
    known = {
        place: (stack and stack.thickness(place, own)) or _own(own, place, thickness) or stated or thickness
        for place in own.places
    }
    if not all(known.values()):
        raise bad_geometry("The segmentation does not say how far apart its slices are.")
    return [known[own.places[own.level(place)]] or 0.0 for place in places]


def _confirmed(own: Stack, stated: float | None) -> float | None:
    """A stated distance (mm) that the frames follow each other by."""
    return stated if stated and own.step and abs(own.step - stated) <= UNEVEN * stated else None


def _is_possible(stated: float, own: Stack, stack: Stack | None, on_pixels: bool) -> bool:
    """Whether the stated spacing (mm) can be that of the frames, some left out, if they lie in this stack of images."""
    if not all(are_steps_of(own.gaps, stated)):
        return False
    if not stack:
        return True
    return bool(stack.step) and same_step(min(own.gaps), stated) if own.gaps else not on_pixels


def _drawn_on_pixels(frames: Sequence[Plane], referred_to: Sequence[tuple[str, Plane]]) -> bool:
    """Whether every frame has the matrix, corner and directions of an image."""
    corners = {plane.corner for _, plane in referred_to}
    return all(frame.corner in corners for frame in frames)


def _stack_of(own: Stack, stacks: Sequence[Stack]) -> Stack | None:
    """The stack that most frames lie in, of several the one with the fewest slices; None where less than half do."""
    held = {stack: sum(map(stack.holds, own.places)) for stack in stacks}
    best = max(held, key=lambda stack: (held[stack], -len(stack.places)), default=None)
    return best if best and 2 * held[best] >= len(own.places) else None


def _own(own: Stack, place: float, thickness: float | None) -> float | None:
    """The thickness by the frames alone."""
    smallest = min(own.gaps, default=0.0)
    return smallest if smallest and _skips(own.gaps, smallest, thickness) else own.thickness(place, own)


def _skips(gaps: Sequence[float], smallest: float, thickness: float | None) -> bool:
    """Whether slices were left out of an even stack: most gaps are the smallest, the others several of it."""
    most = 2 * sum(same_step(gap, smallest) for gap in gaps) >= len(gaps)
    return most and all(are_steps_of(gaps, smallest)) and same_step(thickness or smallest, smallest)


def _measure(dataset: Dataset, keyword: str) -> float | None:
    """A value that every Pixel Measures Sequence states alike; None where they do not, or where it is not positive."""
    groups = [
        *(dataset.get("SharedFunctionalGroupsSequence") or []),
        *(dataset.get("PerFrameFunctionalGroupsSequence") or []),
    ]
    stated = {measures.get(keyword) for group in groups for measures in group.get("PixelMeasuresSequence") or []}
    values = {float(value) for value in stated if value}
    return values.pop() if len(values) == 1 and _positive([*values]) else None
