"""What an instance takes back: rejection notes (Key Object Selections of IHE IOCM), and reports that replace others."""

from dataclasses import dataclass

from pydicom import Dataset

from stream.dicom.reading.concepts import concept
from stream.vocabulary import RejectionReason

REJECTED = {
    "113001": RejectionReason.QUALITY,
    "113037": RejectionReason.SAFETY,
    "113038": RejectionReason.WRONG_PATIENT,
}
"""Document titles (CID 7011) that take images back; 113038: incorrect modality worklist entry."""
RETENTION_EXPIRED = "113039"
"""The images are no longer kept where they came from, which says nothing against what was found in them."""

REJECTION_NOTE = "a rejection note: nothing to measure"
RETENTION_NOTE = "its images are no longer kept where they came from; what was found in them stands"


@dataclass(frozen=True)
class Retraction:
    """SOP Instance UIDs that are taken back, and why."""

    uids: tuple[str, ...]
    because: RejectionReason


def retraction_of(dataset: Dataset, kind: str, references: tuple[str, ...]) -> Retraction | None:
    """What a note takes back of the `references` it makes, or what a report says it replaces (0040,A360).

    A report that names itself there, as some tools write the first one of a chain, replaces nothing by that.
    """
    if kind == "kos" and (because := REJECTED.get(_title(dataset))):
        return Retraction(references, because)
    replaced = tuple(
        str(reference.ReferencedSOPInstanceUID)
        for study in dataset.get("PredecessorDocumentsSequence") or []
        for series in study.get("ReferencedSeriesSequence") or []
        for reference in series.get("ReferencedSOPSequence") or []
        if reference.get("ReferencedSOPInstanceUID") not in (None, "", dataset.get("SOPInstanceUID"))
    )
    return Retraction(replaced, RejectionReason.REPLACED) if kind == "sr" and replaced else None


def names_another_study(dataset: Dataset) -> bool:
    """Whether a report names one of another study as its predecessor, which may be an earlier exam of the patient."""
    named = [*(dataset.get("PredecessorDocumentsSequence") or []), dataset]
    *studies, own = [str(each.get("StudyInstanceUID") or "") for each in named]
    return bool(set(studies) - {"", own})


def note_of(dataset: Dataset) -> str | None:
    """What people should read about a key object selection; None where it is no note of those above."""
    if _title(dataset) in REJECTED:
        return REJECTION_NOTE
    return RETENTION_NOTE if _title(dataset) == RETENTION_EXPIRED else None


def _title(dataset: Dataset) -> str:
    title = concept(dataset, "ConceptNameCodeSequence")
    return title.value if title and title.scheme == "DCM" else ""
