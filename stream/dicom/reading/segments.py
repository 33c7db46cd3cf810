"""The segments of a segmentation that are lesions, and which lesions they are (PS3.3 C.8.20.4)."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydicom import Dataset

from models.criteria.finding import NamedBy
from stream.dicom.reading import concepts
from stream.dicom.reading.codes.categories import BACKGROUND, why_no_lesion
from stream.dicom.reading.concepts import Concept, concept
from stream.dicom.reading.labels import Naming, safe_label, safe_site
from stream.dicom.reading.lesions import HeldSegment, LesionNames, Outline, unambiguous
from stream.dicom.reading.reading import unused
from stream.dicom.reading.seg_frames import background
from stream.measured_scan import Unused

_TYPE, _CATEGORY = "SegmentedPropertyTypeCodeSequence", "SegmentedPropertyCategoryCodeSequence"
_REGION = "AnatomicRegionSequence"


@dataclass(frozen=True)
class LesionSegment:
    """A segment that is a lesion; `named_by` as of a finding."""

    lesion_uid: str
    label: str
    site: str | None
    node: bool
    named_by: NamedBy | None


def lesion_segments(dataset: Dataset, names: LesionNames, outlines: Mapping[Outline, str]) -> dict[int, LesionSegment]:
    """Segments that are lesions, by number; `outlines` tells those that a report speaks of."""
    naming = Naming.of(dataset)
    found = {_number(segment): segment for segment in _segments(dataset) if not _why_no_lesion(segment, dataset)}
    alone = unambiguous(_label(segment) for segment in found.values() if not _tracking_uid(segment))
    lesions = {}
    for number, segment in found.items():
        outline = (str(dataset.get("SOPInstanceUID") or ""), number)
        lesion_uid = outlines.get(outline) or _lesion_uid(segment, outline, names, alone)
        label = safe_label(_label(segment) or f"segment {number}", lesion_uid, naming)
        site = safe_site(concepts.site_word(concept(segment, _REGION)), naming)
        named_by = _named_by(segment, outline in outlines, alone)
        lesions[number] = LesionSegment(lesion_uid, label, site, _is_node(segment), named_by)
    return lesions


def segments_unused(dataset: Dataset) -> list[Unused]:
    """Segments that are no lesions."""
    naming = Naming.of(dataset)
    told = [(_kind(segment), _why_no_lesion(segment, dataset)) for segment in _segments(dataset)]
    return [unused("seg", kind, reason, naming) for kind, reason in told if reason]


def held_segments(dataset: Dataset) -> dict[Outline, HeldSegment]:
    """All segments, for reports that refer to them."""
    sop_uid = str(dataset.get("SOPInstanceUID") or "")
    return {
        (sop_uid, _number(segment)): HeldSegment(_tracking_uid(segment), _why_no_lesion(segment, dataset))
        for segment in _segments(dataset)
    }


def held_frames(dataset: Dataset) -> dict[Outline, int]:
    """The segment that each frame, counted from 1, shows; a label map's frames show many and are left out."""
    sop_uid, shown = str(dataset.get("SOPInstanceUID") or ""), {}
    for frame, groups in enumerate(dataset.get("PerFrameFunctionalGroupsSequence") or [], 1):
        for item in groups.get("SegmentIdentificationSequence") or []:
            shown[sop_uid, frame] = int(item.get("ReferencedSegmentNumber") or 0)
    return shown


def _lesion_uid(segment: Dataset, outline: Outline, names: LesionNames, alone: frozenset[str]) -> str:
    if tracking_uid := _tracking_uid(segment):
        return names.tracking(tracking_uid)
    label = _label(segment)
    return names.labelled(label) if label in alone else names.outlined(outline)


def _named_by(segment: Dataset, spoken_of: bool, alone: frozenset[str]) -> NamedBy | None:
    """Of a segment that a report speaks of, the report tells."""
    if spoken_of or _tracking_uid(segment):
        return None
    return NamedBy.LABEL if _label(segment) in alone else NamedBy.OBJECT


def _why_no_lesion(segment: Dataset, dataset: Dataset) -> str | None:
    if _number(segment) in (0, *background(dataset)):
        return BACKGROUND
    return why_no_lesion(_kind(segment), concept(segment, _CATEGORY), concept(segment, _REGION))


def _segments(dataset: Dataset) -> list[Dataset]:
    return list(dataset.get("SegmentSequence") or [])


def _number(segment: Dataset) -> int:
    return int(segment.get("SegmentNumber") or 0)


def _kind(segment: Dataset) -> Concept | None:
    return concept(segment, _TYPE)


def _label(segment: Dataset) -> str:
    return str(segment.get("TrackingID") or segment.get("SegmentLabel") or "").strip()


def _tracking_uid(segment: Dataset) -> str:
    return str(segment.get("TrackingUID") or "").strip()


def _is_node(segment: Dataset) -> bool:
    return concepts.is_lymph_node(_kind(segment)) or concepts.is_lymph_node(concept(segment, _REGION))
