"""Volume and longest diameter from a segmentation object (PS3.3 A.51): binary, fractional or label map."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from pydicom import Dataset
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from models.criteria.finding import LesionFinding, LesionState
from models.criteria.place import LesionPlace
from models.criteria.state_by_size import state_by_size
from models.measurement import Measurement
from stream.dicom.reading.geometry import Plane
from stream.dicom.reading.lesions import LesionNames, Outline
from stream.dicom.reading.pixel_format import PixelFormat
from stream.dicom.reading.pixels import MAX_DECODED_BYTES
from stream.dicom.reading.places.lesion_maps import MOST_VOXELS, NoMap, OutlinedSlice, lesion_map
from stream.dicom.reading.reading import Reading
from stream.dicom.reading.seg_frames import HALF, fractions, segment_numbers, together
from stream.dicom.reading.seg_geometry import (
    bad_geometry,
    check_pixel_size,
    frame_planes,
    planes_beside,
    planes_referred_to,
    slice_depths,
    slice_places,
)
from stream.dicom.reading.seg_room import lies_outside, rooms
from stream.dicom.reading.segments import LesionSegment, lesion_segments, segments_unused
from stream.dicom.reading.stacks import Stack
from stream.errors import SetAside
from stream.measured_scan import LesionMap, Unused
from stream.vocabulary import ReasonCode


@dataclass
class _Extent:
    """One lesion while the frames of its segment are gone through."""

    lesion: LesionSegment
    volume_mm3: float = 0.0
    longest_mm: float = 0.0
    slices: list[tuple[str, int, float]] = field(default_factory=list)  # where, first voxel, number of voxels
    frame: str = ""
    moment: np.ndarray = field(default_factory=lambda: np.zeros(3))  # sum of the voxels' places (3,), mm
    outlined: list[OutlinedSlice] = field(default_factory=list)

    @property
    def place(self) -> LesionPlace | None:
        """Its centre; None where it has no voxel, or nothing tells in which space they lie."""
        voxels = sum(count for *_, count in self.slices)
        if not voxels or not self.frame:
            return None
        x, y, z = (round(float(value), 1) for value in self.moment / voxels)
        return LesionPlace(self.frame, (x, y, z))


def read_seg(
    dataset: Dataset,
    images: Mapping[str, Dataset],
    names: LesionNames,
    outlines: Mapping[Outline, str],
    source: str = "SEG",
) -> Reading:
    """Volume (ml) and longest in-plane diameter (mm) of each segment that is a lesion; an empty one measures 0.

    `images` are headers by SOP Instance UID; what it says must be possible in those it refers to.
    `outlines` are the segments that a report speaks of; `source`: SEG, or model where nobody drew it.
    Raises SetAside: bad_geometry, decode_failed, too_large.
    """
    told = tuple(dict.fromkeys(segments_unused(dataset)))
    lesions = lesion_segments(dataset, names, outlines)
    if not lesions:
        return Reading(unused=told)
    form = PixelFormat.of(dataset)
    if max(form.native_bytes, form.rows * form.columns * form.frames) > MAX_DECODED_BYTES:
        raise SetAside(ReasonCode.TOO_LARGE, "The segmentation would take more memory than one object may.")
    extents = {number: _Extent(lesion) for number, lesion in lesions.items()}
    for number, inside, frame, depth_mm in _slices(dataset, form, images, extents.keys()):
        _add(extents[number], inside, frame, depth_mm, names)
    measurements = tuple(value for each in extents.values() for value in _measurements(each, source))
    content = Counter(repr(sorted(each.slices) or each.lesion.label) for each in extents.values())
    findings = {each.lesion.lesion_uid: _finding(each, source) for each in reversed(extents.values())}
    maps, without_map = _maps(extents.values())
    return Reading(measurements, told + without_map, content, findings=tuple(findings.values()), maps=maps)


def segments_of(
    dataset: Dataset, wanted: Collection[str], names: LesionNames, outlines: Mapping[Outline, str]
) -> dict[str, int]:
    """The first segment of each of the `wanted` lesions (lesion_uid) that is here."""
    lesions = lesion_segments(dataset, names, outlines)
    return {lesion.lesion_uid: number for number, lesion in reversed(lesions.items()) if lesion.lesion_uid in wanted}


def _slices(
    dataset: Dataset, form: PixelFormat, images: Mapping[str, Dataset], segments: Collection[int]
) -> Iterator[tuple[int, np.ndarray, Plane, float]]:
    """What each of `segments` fills of each slice (rows, columns), the plane and thickness (mm) of the slice."""
    frames, referred_to = frame_planes(dataset, form), planes_referred_to(dataset, images)
    check_pixel_size(frames, referred_to)
    depths_mm = slice_depths(dataset, frames, referred_to)
    beside = planes_beside(dataset, images)
    shown = [] if beside is None else rooms([*referred_to, *beside])
    for number, frame, several in together(fractions(dataset, form), _places(dataset, form, frames), segments):
        for segment in segments if number is None else [number]:
            masks = [values == segment if number is None else values for values in several]
            inside = reduce(np.maximum, masks)
            if lies_outside(inside, frames[frame], depths_mm[frame], shown):
                raise bad_geometry("The segmentation reaches out of the images it was drawn on.")
            yield segment, inside, frames[frame], depths_mm[frame]


def _places(dataset: Dataset, form: PixelFormat, frames: Sequence[Plane]) -> list[tuple[int | None, int]]:
    """Segment and slice of each frame; SetAside where frames of a segment overlap without lying on each other."""
    along = slice_places(frames)
    levels = map(Stack.of(along).level, along)
    places = [*zip(segment_numbers(dataset, form), levels, strict=True)]
    first: dict[tuple[int | None, int], Plane] = {}
    for place, frame in zip(places, frames, strict=True):
        if not frame.lies_on(first.setdefault(place, frame)):
            raise bad_geometry("Frames of one segment overlap in part.")
    return places


def _add(extent: _Extent, inside: np.ndarray, frame: Plane, depth_mm: float, names: LesionNames) -> None:
    row_mm, column_mm = frame.spacing
    voxels = float(inside.sum(dtype=np.float64))
    extent.volume_mm3 += voxels * row_mm * column_mm * depth_mm
    extent.longest_mm = max(extent.longest_mm, longest_chord(inside >= HALF, frame.spacing))
    if voxels:
        row, column = (inside.sum(axis=axis) @ np.arange(inside.shape[1 - axis]) / voxels for axis in (1, 0))
        extent.moment += voxels * frame.points(np.array([row]), np.array([column]))[0]
        extent.frame = names.frame(frame.frame_of_reference)
        extent.slices.append((str(frame.position), int(inside.argmax()), voxels))
        if sum(one.inside.size for one in extent.outlined) <= MOST_VOXELS:  # more are not mapped
            extent.outlined.append(OutlinedSlice.of(frame, inside, depth_mm))


def _sizes(extent: _Extent) -> dict[str, float]:
    return {"volume": extent.volume_mm3 / 1000, "longest_diameter": extent.longest_mm}


def _finding(extent: _Extent, source: str) -> LesionFinding:
    """What the segment shows; one without a voxel shows that nothing is left of the lesion."""
    lesion, sizes = extent.lesion, _sizes(extent)
    return LesionFinding(
        lesion.lesion_uid,
        state_by_size(lesion.node, sizes) or LesionState.NOT_EVALUATED,
        label=lesion.label,
        organ=lesion.site,
        node=lesion.node,
        long_axis_mm=sizes["longest_diameter"],
        volume_ml=sizes["volume"],
        source=source,
        named_by=lesion.named_by,
        place=extent.place,
    )


def _maps(extents: Iterable[_Extent]) -> tuple[tuple[LesionMap, ...], tuple[Unused, ...]]:
    """One for each lesion, of several segments that are one lesion the first; and of which lesion none is drawn."""
    drawn: dict[str, LesionMap] = {}
    without: dict[str, Unused] = {}
    for extent in extents:
        lesion = extent.lesion
        if not extent.outlined or lesion.lesion_uid in drawn:
            continue
        try:
            drawn[lesion.lesion_uid] = lesion_map(lesion.lesion_uid, extent.outlined)
        except NoMap as hindrance:
            row = Unused("seg", "", f"outline of {lesion.label}", f"no growth map is drawn: {hindrance}")
            without.setdefault(lesion.lesion_uid, row)
    return tuple(drawn.values()), tuple(row for lesion_uid, row in without.items() if lesion_uid not in drawn)


def _measurements(extent: _Extent, source: str) -> Iterator[Measurement]:
    lesion = extent.lesion
    for name, value in _sizes(extent).items():
        yield Measurement(name, value, source, lesion.lesion_uid, lesion.label, lesion.site, node=lesion.node)


def longest_chord(mask: np.ndarray, spacing: tuple[float, float]) -> float:
    """Longest distance in mm between voxel edges of a slice; mask (rows, columns) bool, spacing (row, column) mm.

    Only the first and last voxel of a row can be on the convex hull, and the farthest two points are on it.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return 0.0
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - mask[rows][:, ::-1].argmax(axis=1)  # one past it: its far edge
    corners = [(rows + down, column) for down in (0, 1) for column in (first, last)]
    points = np.concatenate([np.column_stack(corner) for corner in corners]) * np.asarray(spacing)
    return float(pdist(points[ConvexHull(points).vertices]).max())
