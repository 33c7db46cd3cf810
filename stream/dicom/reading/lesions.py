"""Which lesion it is: by tracking UID, by the segment it was measured in, and as a last resort by its label.

A label never makes one lesion of two: where two groups of one report, or two segments of one segmentation, have the
same label and no UID, each is a lesion of its own and is not followed from scan to scan.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydicom import Dataset

from stream.dicom.pseudonyms import Pseudonyms

Outline = tuple[str, int]
"""SOP Instance UID of a segmentation and the number of a segment."""


@dataclass(frozen=True)
class SegmentReference:
    """What a report refers to of a segmentation; a frame stands for the segments shown in it."""

    sop_uid: str
    numbers: tuple[int, ...]
    frames: tuple[int, ...]


@dataclass(frozen=True)
class HeldSegment:
    """What a segment of the same scan says of itself; `why_no_lesion` is None where it is one."""

    tracking_uid: str
    why_no_lesion: str | None


@dataclass(frozen=True)
class LesionNames:
    """Pseudonyms of one patient's lesions.

    `segments` are those of the same scan; `frames` tells which of them a frame (from 1) of a segmentation shows.
    `images`: headers of the scan's images by SOP Instance UID, which tell where lesions lie.
    """

    pseudonyms: Pseudonyms
    patient_id: str
    segments: Mapping[Outline, HeldSegment] = field(default_factory=dict)
    frames: Mapping[Outline, int] = field(default_factory=dict)
    images: Mapping[str, Dataset] = field(default_factory=dict)

    def tracking(self, tracking_uid: str) -> str:
        """Of a lesion that has a tracking UID."""
        return self.pseudonyms.lesion_uid(tracking_uid)

    def labelled(self, label: str) -> str:
        """Of a lesion whose label is the only one in its object."""
        return self.pseudonyms.lesion_uid_without_tracking(self.patient_id, label)

    def frame(self, frame_uid: str) -> str:
        """Of a frame of reference; empty where there is none."""
        return self.pseudonyms.frame_uid(frame_uid) if frame_uid else ""

    def outlined(self, outline: Outline) -> str:
        """Of a lesion that is known by its segment."""
        if self.is_tracked(outline):
            return self.tracking(self.segments[outline].tracking_uid)
        return self.labelled(f"segment {outline[1]} of {outline[0]}")

    def is_tracked(self, outline: Outline) -> bool:
        """Whether the segment is here and has a tracking UID."""
        return outline in self.segments and bool(self.segments[outline].tracking_uid)

    def outlines_of(self, reference: SegmentReference) -> set[Outline]:
        """The segments that a reference names by number, else by frames that show them; else all that are lesions."""
        sop_uid, frames = reference.sop_uid, [(reference.sop_uid, frame) for frame in reference.frames]
        named = set(reference.numbers) or {self.frames[frame] for frame in frames if frame in self.frames}
        lesions = {outline for outline, segment in self.segments.items() if segment.why_no_lesion is None}
        return {(sop_uid, number) for number in named} or {outline for outline in lesions if outline[0] == sop_uid}

    def why_no_lesion(self, references: Iterable[SegmentReference]) -> str | None:
        """Why what was outlined is no lesion; None where one is, or the segmentation is not here."""
        outlines = {outline for reference in references for outline in self.outlines_of(reference)}
        reasons = {self.segments[outline].why_no_lesion for outline in outlines if outline in self.segments}
        return None if None in reasons else next(iter(sorted(filter(None, reasons))), None)


def unambiguous(labels: Iterable[str]) -> frozenset[str]:
    """Those of `labels` that occur once; an empty one names nothing."""
    every = list(labels)
    return frozenset(label for label in every if label and every.count(label) == 1)
