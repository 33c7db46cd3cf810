"""Volume and longest diameter from a segmentation object (PS3.3 A.51): binary, fractional or label map."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from pydicom import Dataset
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from models.measurement import Measurement
from stream import logs
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading import concepts
from stream.dicom.reading.concepts import concept
from stream.dicom.reading.geometry import Plane
from stream.dicom.reading.labels import Naming, safe_label, safe_site
from stream.dicom.reading.pixel_format import PixelFormat
from stream.dicom.reading.pixels import MAX_DECODED_BYTES
from stream.dicom.reading.seg_frames import HALF, background, fractions, segment_numbers, together
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
from stream.dicom.reading.stacks import Stack
from stream.errors import SetAside
from stream.vocabulary import ReasonCode

_PROPERTY_TYPE, _REGION = "SegmentedPropertyTypeCodeSequence", "AnatomicRegionSequence"


@dataclass
class _Lesion:
    """One segment while its frames are gone through."""

    lesion_uid: str
    label: str
    site: str | None
    node: bool
    volume_mm3: float = 0.0
    longest_mm: float = 0.0


def read_seg(
    dataset: Dataset, images: Mapping[str, Dataset], pseudonyms: Pseudonyms, patient_id: str
) -> list[Measurement]:
    """Volume (ml) and longest in-plane diameter (mm) of each segment that is a lesion; an empty one measures 0.

    `images` are headers by SOP Instance UID; what it says must be possible in those it refers to.
    Raises SetAside: bad_geometry, decode_failed, too_large, not_measurable (organs only).
    """
    form = PixelFormat.of(dataset)
    if max(form.native_bytes, form.rows * form.columns * form.frames) > MAX_DECODED_BYTES:
        raise SetAside(ReasonCode.TOO_LARGE, "The segmentation would take more memory than one object may.")
    lesions = _lesions(dataset, pseudonyms, patient_id)
    for label in background(dataset):
        lesions.pop(label, None)
    for number, inside, frame, depth_mm in _slices(dataset, form, images, lesions.keys()):
        _add(lesions[number], inside, frame, depth_mm)
    return [value for lesion in lesions.values() for value in _measurements(lesion)]


def segment_of(dataset: Dataset, lesion_uid: str, pseudonyms: Pseudonyms, patient_id: str) -> int | None:
    """The number of the segment that is this lesion; None where none is. SetAside(not_measurable): organs only."""
    lesions = _lesions(dataset, pseudonyms, patient_id)
    return next((number for number, lesion in lesions.items() if lesion.lesion_uid == lesion_uid), None)


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


def _add(lesion: _Lesion, inside: np.ndarray, frame: Plane, depth_mm: float) -> None:
    row_mm, column_mm = frame.spacing
    lesion.volume_mm3 += float(inside.sum(dtype=np.float64)) * row_mm * column_mm * depth_mm
    lesion.longest_mm = max(lesion.longest_mm, longest_chord(inside >= HALF, frame.spacing))


def _measurements(lesion: _Lesion) -> Iterator[Measurement]:
    for name, value in (("volume", lesion.volume_mm3 / 1000), ("longest_diameter", lesion.longest_mm)):
        yield Measurement(name, value, "SEG", lesion.lesion_uid, lesion.label, lesion.site, node=lesion.node)


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


def _lesions(dataset: Dataset, pseudonyms: Pseudonyms, patient_id: str) -> dict[int, _Lesion]:
    """Segments by number; organs, which are there to help the eye, are no lesions unless they are tracked as such."""
    naming = Naming.of(dataset)
    segments = dataset.get("SegmentSequence") or []
    lesions = {
        int(segment.SegmentNumber): _lesion(segment, naming, pseudonyms, patient_id)
        for segment in segments
        if _is_lesion(segment)
    }
    if not lesions:
        raise SetAside(ReasonCode.NOT_MEASURABLE, "The segmentation holds no segment that is a lesion.")
    if len(lesions) < len(segments):
        logs.event("segments_not_measured", count=len(segments) - len(lesions), reason="anatomy")
    return lesions


def _is_lesion(segment: Dataset) -> bool:
    category = concept(segment, "SegmentedPropertyCategoryCodeSequence")
    anatomy = category is not None and category.key in concepts.ANATOMY_CATEGORIES
    return not anatomy or "TrackingUID" in segment or _is_node(segment)


def _is_node(segment: Dataset) -> bool:
    return any(concepts.is_lymph_node(concept(segment, name)) for name in (_PROPERTY_TYPE, _REGION))


def _lesion(segment: Dataset, naming: Naming, pseudonyms: Pseudonyms, patient_id: str) -> _Lesion:
    label = str(segment.get("TrackingID") or segment.get("SegmentLabel") or f"segment {segment.SegmentNumber}")
    tracking_uid = str(segment.get("TrackingUID") or "")
    lesion_uid = (
        pseudonyms.lesion_uid(tracking_uid)
        if tracking_uid
        else pseudonyms.lesion_uid_without_tracking(patient_id, label.strip())
    )
    site = safe_site(concepts.site_word(concept(segment, _REGION)), naming)
    return _Lesion(lesion_uid, safe_label(label, lesion_uid, naming), site, _is_node(segment))
