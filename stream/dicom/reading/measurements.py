"""What a whole scan says of lesions: its reports, segmentations and images brought together."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import Dataset

from models.criteria.organs import ORGANS
from models.criteria.place import Registration
from models.measurement import Measurement
from stream import logs
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.concepts import body_part_word
from stream.dicom.reading.files import read_beginning, read_whole, reading
from stream.dicom.reading.header import text
from stream.dicom.reading.lesions import HeldSegment, LesionNames, Outline
from stream.dicom.reading.outlining.outliner import Outliner
from stream.dicom.reading.pictures.image_stacks import Image
from stream.dicom.reading.pictures.looks import Drawings
from stream.dicom.reading.places.registrations import registrations_of
from stream.dicom.reading.reading import Reading, UnusableReport, in_words
from stream.dicom.reading.rejection_notes import note_of
from stream.dicom.reading.reports.one_finding_each import one_finding_each
from stream.dicom.reading.reports.readings import SignedObject, signed, standing
from stream.dicom.reading.reports.time_points import trial_time_point
from stream.dicom.reading.seg import read_seg
from stream.dicom.reading.segments import held_frames, held_segments
from stream.dicom.reading.sop_classes import kind_of
from stream.dicom.reading.sr import read_sr
from stream.dicom.reading.volumes.embeddings import embeddings
from stream.dicom.reading.volumes.image_models import NO_MODELS, ImageModels
from stream.dicom.reading.volumes.presence import PresenceModel, tumour_presence
from stream.errors import SetAside
from stream.measured_scan import LesionMap, MeasuredScan, Outlining, Unused
from stream.vocabulary import ReasonCode

NOT_YET = "kind not measured yet"
SCORED = "no lesion measured; a model read the slices"
NOT_UNDERSTOOD = "nothing that it states can be used"
WITHOUT_READER = {"kos": "key objects are not read", "rtstruct": "structure sets are not read"}
STATED_ELSEWHERE = "a report or a later object states this of the same lesion"


@dataclass(frozen=True)
class _Instance(Image):
    """A kept object of any kind; those of the kind image are images."""

    kind: str
    source: str = "SEG"  # of what a segmentation says; model where nobody drew it


def measure_scan(
    files: Sequence[Path],
    pseudonyms: Pseudonyms,
    patient_id: str,
    zone: dt.tzinfo = dt.UTC,
    pictures: bool = True,
    models: ImageModels = NO_MODELS,
) -> MeasuredScan:
    """Measure the files of one scan, in any order; `zone` is that of times whose file does not state its own.

    Key slices are drawn where `pictures` are wanted; `models` look at what nobody outlined or measured.
    For the same lesion and measurement a report stands before a segmentation; of two reports the later one.
    Raises SetAside: not_measurable only if no file says anything of a lesion, other reasons for the scan as a whole.
    """
    with reading("scan"):
        instances = [_instance(path) for path in files]
        outlining, drawn = _outlined(instances, models.outliner)
        measured = _measured([*instances, *drawn], pseudonyms, patient_id, zone, pictures)
        encoded, unused = embeddings(_images(instances).values(), models.encoder, pseudonyms), _not_outlined(outlining)
        measured = replace(measured, outlining=outlining, unused=(*measured.unused, *unused), encoded=encoded)
        unmeasured = not measured.measurements and not measured.findings
        return _with_presence(measured, instances, models.presence, pseudonyms, pictures) if unmeasured else measured


def _with_presence(
    measured: MeasuredScan,
    instances: Sequence[_Instance],
    model: PresenceModel | None,
    pseudonyms: Pseudonyms,
    pictures: bool,
) -> MeasuredScan:
    if model is None:
        return measured
    reading = tumour_presence(list(_images(instances).values()), model, pseudonyms, pictures)
    note = SCORED if reading.presence else measured.note
    return replace(measured, presence=reading.presence, note=note, unused=(*measured.unused, *reading.unused))


def _outlined(
    instances: Sequence[_Instance], outliner: Outliner | None
) -> tuple[Outlining | None, Sequence[_Instance]]:
    """What a model outlines where no person or other program has said anything, as one more instance of the scan."""
    if outliner is None or any(instance.kind in ("sr", "seg") for instance in instances):
        return None, ()
    found = outliner.outline(_images(instances))
    if found is None:
        return None, ()
    outlining, path = found
    if path is None:
        return outlining, ()
    return outlining, [replace(_instance(path), source="model")]


def _not_outlined(outlining: Outlining | None) -> tuple[Unused, ...]:
    """A row for images that a model was made for and could not use."""
    if outlining is None or outlining.reason is None:
        return ()
    return (Unused("image", "", "", f"{outlining.model} {outlining.version} outlined nothing: {outlining.reason}"),)


def _images(instances: Sequence[_Instance]) -> dict[str, Image]:
    return {text(one.header, "SOPInstanceUID"): one for one in instances if one.kind == "image"}


def _measured(
    instances: Sequence[_Instance], pseudonyms: Pseudonyms, patient_id: str, zone: dt.tzinfo, pictures: bool
) -> MeasuredScan:
    images = _images(instances)
    headers = {uid: image.header for uid, image in images.items()}
    names = _names(instances, headers, pseudonyms, patient_id)
    every = _signed(instances, "sr", zone, lambda dataset: read_sr(dataset, names))
    reports = standing(every)
    outlines = _outlines(reports)
    used = {one.reader for one in reports if isinstance(one.reading, Reading) and one.reading.speaks}
    by_others = _outlines([one for one in every if one.reader and one.reader not in used])
    outlined, others = {uid for uid, _ in outlines}, {uid for uid, _ in by_others}
    source = next((each.source for each in instances if each.kind == "seg"), "SEG")
    drawn = _signed(instances, "seg", zone, lambda dataset: read_seg(dataset, headers, names, outlines, source))
    segmentations = standing(drawn, preferred=outlined, others=others - outlined)
    findings = one_finding_each(one.reading for one in reports + segmentations if isinstance(one.reading, Reading))
    measurements, unused = _brought_together(reports + segmentations, alone=not images, judged=bool(findings))
    paths = {text(instance.header, "SOPInstanceUID"): instance.path for instance in instances}
    drawings = [one for one in segmentations if _values(one)]
    drawn_on = Drawings([paths[one.sop_uid] for one in drawings], images, names, outlines)
    looks = drawn_on.looks([value for one in drawings for value in _values(one)], pictures)
    note = None if measurements or findings else _note(instances)
    visit = trial_time_point(instance.header for instance in instances)
    disease = _disease(measurements, instances)
    not_used, moved = (*unused, *_without_reader(instances)), _registrations(instances, names)
    maps = _maps(segmentations)
    return MeasuredScan(
        measurements, disease, note, looks.embedding, not_used, findings, visit, moved, looks.key_slices, maps=maps
    )


def _without_reader(instances: Sequence[_Instance]) -> tuple[Unused, ...]:
    """A row for each object of a kind that nothing reads; a note that takes back images has done its work."""
    kinds = sorted(each.kind for each in instances if each.kind != "kos" or note_of(each.header) is None)
    return tuple(Unused(kind, "", "", WITHOUT_READER[kind]) for kind in kinds if kind in WITHOUT_READER)


def _names(
    instances: Sequence[_Instance], images: Mapping[str, Dataset], pseudonyms: Pseudonyms, patient_id: str
) -> LesionNames:
    segments: dict[Outline, HeldSegment] = {}
    frames: dict[Outline, int] = {}
    for instance in instances:
        if instance.kind == "seg":
            segments |= held_segments(instance.header)
            frames |= held_frames(instance.header)
    return LesionNames(pseudonyms, patient_id, segments, frames, images)


def _signed(
    instances: Sequence[_Instance], kind: str, zone: dt.tzinfo, read: Callable[[Dataset], Reading]
) -> list[SignedObject]:
    """Objects of `kind`, each with what it gives, or why it cannot be used."""
    return [_attempt(instance, zone, read) for instance in instances if instance.kind == kind]


def _attempt(instance: _Instance, zone: dt.tzinfo, read: Callable[[Dataset], Reading]) -> SignedObject:
    """Content is decoded when it is first looked at: who signed is told from the dataset that was read already."""
    dataset = instance.header
    try:
        dataset = read_whole(instance.path)
        return signed(dataset, instance.kind, zone, read(dataset))
    except SetAside as reason:
        return signed(dataset, instance.kind, zone, reason)


def _outlines(reports: Sequence[SignedObject]) -> dict[Outline, str]:
    """The lesions of segments that reports speak of; the latest report's word stands."""
    latest_last = [one.reading for one in reversed(reports) if isinstance(one.reading, Reading)]
    return {outline: lesion for each in latest_last for outline, lesion in each.outlines.items()}


def _maps(segmentations: Sequence[SignedObject]) -> tuple[LesionMap, ...]:
    """One for each lesion, of the segmentation that comes first."""
    drawn: dict[str, LesionMap] = {}
    for one in segmentations:
        for each in one.reading.maps if isinstance(one.reading, Reading) else ():
            drawn.setdefault(each.lesion_uid, each)
    return tuple(drawn[lesion_uid] for lesion_uid in sorted(drawn))


def _values(one: SignedObject) -> tuple[Measurement, ...]:
    return one.reading.measurements if isinstance(one.reading, Reading) else ()


def _brought_together(
    objects: Sequence[SignedObject], alone: bool, judged: bool
) -> tuple[tuple[Measurement, ...], tuple[Unused, ...]]:
    """One value per lesion and measurement, of the object that comes first; and all that is not used.

    Where nothing is measured or said of lesions (`judged`) and no image is there (`alone`) a person has to look; beside
    images an object that is about no lesion is as if it were not there. Raises SetAside.
    """
    standing_values: dict[tuple[str | None, str], Measurement] = {}
    unused: list[Unused] = []
    for one in objects:
        unused += one.reading.unused if isinstance(one.reading, Reading) else _unread(one.kind, one.reading)
        for value in _values(one):
            if standing_values.setdefault((value.lesion_uid, value.measurement), value) is not value:
                unused.append(Unused(one.kind, "", value.measurement, STATED_ELSEWHERE))
    failures = [one.reading for one in objects if isinstance(one.reading, SetAside)]
    if failures and not standing_values and not judged:
        raise failures[0]
    if objects and alone and not standing_values and not judged:
        why = f"The scan holds no measurement of a lesion. Not used: {in_words(unused)}."
        raise SetAside(ReasonCode.NOT_MEASURABLE, why)
    ordered = sorted(standing_values.values(), key=lambda value: (value.lesion_uid or "", value.measurement))
    return tuple(ordered), tuple(unused)


def _unread(kind: str, reason: SetAside) -> tuple[Unused, ...]:
    """Of an object that gives nothing; SetAside where its reason is one for the whole scan."""
    if reason.reason_code != ReasonCode.NOT_MEASURABLE:
        raise reason
    logs.event("instance_without_measurements", kind=kind)
    return reason.unused if isinstance(reason, UnusableReport) else (Unused(kind, "", "", NOT_UNDERSTOOD),)


def _registrations(instances: Sequence[_Instance], names: LesionNames) -> tuple[Registration, ...]:
    """Of all registration objects, in an order that no arrival decides."""
    headers = [instance.header for instance in instances if instance.kind == "reg"]
    return tuple(sorted(one for header in headers for one in registrations_of(header, names)))


def _note(instances: Sequence[_Instance]) -> str:
    """Why there is nothing, where nothing here can be measured."""
    notes = [note for each in instances if each.kind == "kos" and (note := note_of(each.header))]
    return notes[0] if notes and all(each.kind == "kos" for each in instances) else NOT_YET


def _instance(path: Path) -> _Instance:
    beginning = read_beginning(path)
    return _Instance(path, beginning, kind_of(text(beginning.header, "SOPClassUID")))


def _disease(measurements: Sequence[Measurement], instances: Sequence[_Instance]) -> str | None:
    """The organ that all findings lie in, else the one that all images show; nodes are no organ of their own."""
    sites = {value.body_site for value in measurements if value.body_site and not value.node}
    parts = {part for instance in instances if (part := text(instance.header, "BodyPartExamined"))}
    words: set[str | None] = {*sites} or {body_part_word(part) for part in parts}
    return next(iter(words)) if len(words) == 1 and words <= ORGANS else None
