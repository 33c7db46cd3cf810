"""What a whole scan measures: its reports, segmentations and images brought together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from models.measurement import Measurement
from stream import logs
from stream.dicom.concepts import ORGANS, body_part_word
from stream.dicom.header import read_dataset, reading, text
from stream.dicom.identity import Pseudonyms
from stream.dicom.kinds import kind_of
from stream.dicom.rejection import note_of
from stream.dicom.seg import read_seg
from stream.dicom.sr import read_sr
from stream.errors import SetAside

NOT_YET = "kind not measured yet"

MAX_FILE_BYTES = 2**30
"""Largest file that is read as a whole: reports and segmentations stay below some 100 MiB, and a worker holds one of
them beside its model."""


@dataclass(frozen=True)
class MeasuredScan:
    """Measurements of one scan; `disease_hint` where all sites agree, `note` why there are none."""

    measurements: tuple[Measurement, ...]
    disease_hint: str | None
    note: str | None


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
    images = {text(one.header, "SOPInstanceUID"): one.header for one in instances if one.kind == "image"}
    reports = _each(instances, "sr", lambda dataset: read_sr(dataset, pseudonyms, patient_id))
    segments = _each(instances, "seg", lambda dataset: read_seg(dataset, images, pseudonyms, patient_id))
    found = reports.measurements + segments.measurements
    failure = reports.not_measurable or segments.not_measurable
    if failure and not found:
        raise failure
    by_lesion = {(one.lesion_uid, one.measurement): one for one in reversed(found)}
    standing = tuple(sorted(by_lesion.values(), key=lambda one: (one.lesion_uid or "", one.measurement)))
    return MeasuredScan(standing, _disease(standing, instances), _note(instances))


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
    for instance in sorted((one for one in instances if one.kind == kind), key=_content_time, reverse=True):
        try:
            found += read(_whole(instance.path))
        except SetAside as reason:
            if reason.reason_code != "not_measurable":
                raise
            logs.event("instance_without_measurements", kind=kind)
            failure = reason
    return _Found(found, failure)


def _content_time(instance: _Instance) -> tuple[str, ...]:
    """When a report was made; its UID decides between equals, so that no order of arrival does."""
    return tuple(text(instance.header, keyword) for keyword in ("ContentDate", "ContentTime", "SOPInstanceUID"))


def _whole(path: Path) -> Dataset:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise SetAside("too_large", f"The file is larger than {MAX_FILE_BYTES >> 20} MiB.")
    return read_dataset(path, pixels=True)


def _disease(measurements: Sequence[Measurement], instances: Sequence[_Instance]) -> str | None:
    """The organ that all findings lie in, else the one that all images show; nodes are no organ of their own."""
    sites = {one.body_site for one in measurements if one.body_site and not one.node}
    parts = {part for one in instances if (part := text(one.header, "BodyPartExamined"))}
    words = sites or {body_part_word(part) for part in parts}
    return next(iter(words)) if len(words) == 1 and words <= ORGANS else None
