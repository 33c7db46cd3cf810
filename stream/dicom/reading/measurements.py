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
from stream.measured_scan import MeasuredScan
from stream.vocabulary import ReasonCode

NOT_YET = "kind not measured yet"


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
    shown = [instance for instance in instances if instance.kind == "image"]
    images = {text(image.header, "SOPInstanceUID"): Image(image.path, image.header) for image in shown}
    headers = {uid: image.header for uid, image in images.items()}
    reports = _each(instances, "sr", lambda dataset: read_sr(dataset, pseudonyms, patient_id))
    segments = _each(instances, "seg", lambda dataset: read_seg(dataset, headers, pseudonyms, patient_id))
    measurements = reports.measurements + segments.measurements
    failure = reports.not_measurable or segments.not_measurable
    if failure and not measurements:
        raise failure
    by_lesion = {(value.lesion_uid, value.measurement): value for value in reversed(measurements)}
    standing = tuple(sorted(by_lesion.values(), key=lambda value: (value.lesion_uid or "", value.measurement)))
    largest = _largest(segments.measurements)
    segmentations = _latest_first(instances, "seg")
    features = _embedding(largest, segmentations, images, pseudonyms, patient_id) if largest else ()
    return MeasuredScan(standing, _disease(standing, instances), _note(instances), features)


def _largest(measurements: Sequence[Measurement]) -> str | None:
    """The lesion with the largest volume by its latest segmentation, which comes first."""
    volumes = {value.lesion_uid or "": value.value for value in reversed(measurements) if value.measurement == "volume"}
    return max(volumes, key=lambda lesion_uid: (volumes[lesion_uid], lesion_uid), default=None)


def _embedding(
    lesion_uid: str,
    segmentations: Sequence[_Instance],
    images: Mapping[str, Image],
    pseudonyms: Pseudonyms,
    patient_id: str,
) -> tuple[float | None, ...]:
    """How the lesion looks in the images its latest segmentation was drawn on; what hinders that spoils no scan."""
    try:
        for instance in segmentations:
            segmentation = read_whole(instance.path)
            if (segment := segment_of(segmentation, lesion_uid, pseudonyms, patient_id)) is not None:
                return _finite_or_none(embedding(lesion_patch(segmentation, segment, images)))
    except NoImage as reason:
        logs.event("lesion_without_image", reason=str(reason))
    except (OSError, MemoryError):
        raise
    except Exception as error:  # damaged images make readers raise what they like
        logs.event("lesion_without_image", reason=type(error).__name__)
    return ()


def _finite_or_none(features: np.ndarray) -> tuple[float | None, ...]:
    """Image features, None for those that cannot be told; NoImage where none can."""
    if not np.isfinite(features).any():
        raise NoImage("the lesion is too small, or its grey values are no numbers")
    return tuple(float(value) if np.isfinite(value) else None for value in features)


def _note(instances: Sequence[_Instance]) -> str | None:
    """Why there is nothing, where nothing here can be measured."""
    kinds = {instance.kind for instance in instances}
    if kinds & {"sr", "seg"}:
        return None
    notes = [note for each in instances if each.kind == "kos" and (note := note_of(each.header))]
    return notes[0] if notes and kinds == {"kos"} else NOT_YET


def _instance(path: Path) -> _Instance:
    header = read_dataset(path)
    return _Instance(path, header, kind_of(text(header, "SOPClassUID")))


@dataclass(frozen=True)
class _Readings:
    """Measurements of one kind, those that stand first; and why a file of it had none, if one had none."""

    measurements: list[Measurement]
    not_measurable: SetAside | None


def _each(instances: Sequence[_Instance], kind: str, read: Callable[[Dataset], list[Measurement]]) -> _Readings:
    """Read the instances of `kind`, latest first; one without measurements (a narrative report) spoils no other."""
    measurements: list[Measurement] = []
    failure = None
    for instance in _latest_first(instances, kind):
        try:
            measurements += read(read_whole(instance.path))
        except SetAside as reason:
            if reason.reason_code != ReasonCode.NOT_MEASURABLE:
                raise
            logs.event("instance_without_measurements", kind=kind)
            failure = reason
    return _Readings(measurements, failure)


def _latest_first(instances: Sequence[_Instance], kind: str) -> list[_Instance]:
    return sorted((instance for instance in instances if instance.kind == kind), key=_content_time, reverse=True)


def _content_time(instance: _Instance) -> tuple[str, ...]:
    """When a report was made; its UID decides between equals, so that no order of arrival does."""
    return tuple(text(instance.header, keyword) for keyword in ("ContentDate", "ContentTime", "SOPInstanceUID"))


def _disease(measurements: Sequence[Measurement], instances: Sequence[_Instance]) -> str | None:
    """The organ that all findings lie in, else the one that all images show; nodes are no organ of their own."""
    sites = {value.body_site for value in measurements if value.body_site and not value.node}
    parts = {part for instance in instances if (part := text(instance.header, "BodyPartExamined"))}
    words: set[str | None] = {*sites} or {body_part_word(part) for part in parts}
    return next(iter(words)) if len(words) == 1 and words <= ORGANS else None
