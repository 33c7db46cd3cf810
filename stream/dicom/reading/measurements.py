"""What a whole scan measures: its reports, segmentations and images brought together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset

from models.image import embedding
from models.measurement import Measurement
from stream import logs
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.concepts import ORGANS, body_part_word
from stream.dicom.reading.files import read_dataset, read_whole, reading
from stream.dicom.reading.header import text
from stream.dicom.reading.image_pixels import NoImage
from stream.dicom.reading.lesion_image import Image, lesion_patch
from stream.dicom.reading.rejection_notes import note_of
from stream.dicom.reading.seg import read_seg, segment_of
from stream.dicom.reading.sop_classes import kind_of
from stream.dicom.reading.sr import read_sr
from stream.errors import SetAside

NOT_YET = "kind not measured yet"


@dataclass(frozen=True)
class MeasuredScan:
    """Measurements of one scan; `disease_hint` where all sites agree, `note` why there are none.

    `embedding`: image features of the largest lesion that was outlined, in the order of IMAGE_NAMES, None where one
    cannot be told; empty where there is no such lesion or its image cannot be used.
    """

    measurements: tuple[Measurement, ...]
    disease_hint: str | None
    note: str | None
    embedding: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class _Instance:
    path: Path
    header: Dataset
    kind: str


def measure_scan(files: Sequence[Path], pseudonyms: Pseudonyms, patient_id: str) -> MeasuredScan:
    """Measure the files of one scan, in any order.

    For the same lesion and measurement a report stands before a segmentation; of two reports the later one.
    Raises SetAside: not_measurable only if no file gives a measurement, other reasons for the scan as a whole.
    """
    with reading("scan"):
        return _measured([_instance(path) for path in files], pseudonyms, patient_id)


def _measured(instances: Sequence[_Instance], pseudonyms: Pseudonyms, patient_id: str) -> MeasuredScan:
    shown = [one for one in instances if one.kind == "image"]
    images = {text(one.header, "SOPInstanceUID"): Image(one.path, one.header) for one in shown}
    headers = {uid: image.header for uid, image in images.items()}
    reports = _each(instances, "sr", lambda dataset: read_sr(dataset, pseudonyms, patient_id))
    segments = _each(instances, "seg", lambda dataset: read_seg(dataset, headers, pseudonyms, patient_id))
    found = reports.measurements + segments.measurements
    failure = reports.not_measurable or segments.not_measurable
    if failure and not found:
        raise failure
    by_lesion = {(one.lesion_uid, one.measurement): one for one in reversed(found)}
    standing = tuple(sorted(by_lesion.values(), key=lambda one: (one.lesion_uid or "", one.measurement)))
    largest = _largest(segments.measurements)
    segmentations = _latest_first(instances, "seg")
    looks = _embedding(largest, segmentations, images, pseudonyms, patient_id) if largest else ()
    return MeasuredScan(standing, _disease(standing, instances), _note(instances), looks)


def _largest(measurements: Sequence[Measurement]) -> str | None:
    """The lesion with the largest volume by its latest segmentation, which comes first."""
    volumes = {one.lesion_uid: one.value for one in reversed(measurements) if one.measurement == "volume"}
    return max(volumes, key=lambda lesion_uid: (volumes[lesion_uid], lesion_uid), default=None)


def _embedding(
    lesion_uid: str, segmentations: Sequence[_Instance], images: Mapping[str, Image], pseudonyms: Pseudonyms,
    patient_id: str,
) -> tuple[float | None, ...]:  # fmt: skip
    """How the lesion looks in the images its latest segmentation was drawn on; what hinders that spoils no scan."""
    try:
        for instance in segmentations:
            segmentation = read_whole(instance.path)
            if (segment := segment_of(segmentation, lesion_uid, pseudonyms, patient_id)) is not None:
                return _told(embedding(lesion_patch(segmentation, segment, images)))
    except NoImage as reason:
        logs.event("lesion_without_image", reason=str(reason))
    except (OSError, MemoryError):
        raise
    except Exception as error:  # damaged images make readers raise what they like
        logs.event("lesion_without_image", reason=type(error).__name__)
    return ()


def _told(found: np.ndarray) -> tuple[float | None, ...]:
    if not np.isfinite(found).any():
        raise NoImage("the lesion is too small, or its grey values are no numbers")
    return tuple(float(value) if np.isfinite(value) else None for value in found)


def _note(instances: Sequence[_Instance]) -> str | None:
    """Why there is nothing, where nothing here can be measured."""
    kinds = {one.kind for one in instances}
    if kinds & {"sr", "seg"}:
        return None
    notes = [note for one in instances if one.kind == "kos" and (note := note_of(one.header))]
    return notes[0] if notes and kinds == {"kos"} else NOT_YET


def _instance(path: Path) -> _Instance:
    header = read_dataset(path)
    return _Instance(path, header, kind_of(text(header, "SOPClassUID")))


@dataclass(frozen=True)
class _Found:
    """Measurements of one kind, those that stand first; and why a file of it had none, if one had none."""

    measurements: list[Measurement]
    not_measurable: SetAside | None


def _each(instances: Sequence[_Instance], kind: str, read: Callable[[Dataset], list[Measurement]]) -> _Found:
    """Read the instances of `kind`, latest first; one without measurements (a narrative report) spoils no other."""
    found, failure = [], None
    for instance in _latest_first(instances, kind):
        try:
            found += read(read_whole(instance.path))
        except SetAside as reason:
            if reason.reason_code != "not_measurable":
                raise
            logs.event("instance_without_measurements", kind=kind)
            failure = reason
    return _Found(found, failure)


def _latest_first(instances: Sequence[_Instance], kind: str) -> list[_Instance]:
    return sorted((one for one in instances if one.kind == kind), key=_content_time, reverse=True)


def _content_time(instance: _Instance) -> tuple[str, ...]:
    """When a report was made; its UID decides between equals, so that no order of arrival does."""
    return tuple(text(instance.header, keyword) for keyword in ("ContentDate", "ContentTime", "SOPInstanceUID"))


def _disease(measurements: Sequence[Measurement], instances: Sequence[_Instance]) -> str | None:
    """The organ that all findings lie in, else the one that all images show; nodes are no organ of their own."""
    sites = {one.body_site for one in measurements if one.body_site and not one.node}
    parts = {part for one in instances if (part := text(one.header, "BodyPartExamined"))}
    words = sites or {body_part_word(part) for part in parts}
    return next(iter(words)) if len(words) == 1 and words <= ORGANS else None
