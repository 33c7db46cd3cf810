"""Structured reports item by item, for what a lesion in one line cannot say."""

from collections.abc import Sequence

from pydicom import Dataset

from tests.dicom.factories import make_sr

Code = tuple[str, str, str]

LONG_AXIS, SHORT_AXIS = ("103339001", "SCT", "Long Axis"), ("103340004", "SCT", "Short Axis")
DIAMETER, LENGTH = ("81827009", "SCT", "Diameter"), ("410668003", "SCT", "Length")
VOLUME = ("118565006", "SCT", "Volume")
NEOPLASM, LIVER = ("108369006", "SCT", "Neoplasm"), ("10200004", "SCT", "Liver")
FINDING, FINDING_SITE = ("121071", "DCM", "Finding"), ("363698007", "SCT", "Finding Site")
FINDING_CATEGORY = ("276214006", "SCT", "Finding category")
DERIVATION = ("121401", "DCM", "Derivation")
TRACKING_IDENTIFIER = ("112039", "DCM", "Tracking Identifier")
TRACKING_UID = ("112040", "DCM", "Tracking Unique Identifier")
PERSON = ("121008", "DCM", "Person Observer Name")


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def item(value_type: str, name: Code, children: Sequence[Dataset] = (), **attributes: object) -> Dataset:
    made = Dataset()
    made.ValueType, made.ConceptNameCodeSequence, made.ContentSequence = value_type, [code(*name)], list(children)
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def coded(name: Code, value: Code) -> Dataset:
    return item("CODE", name, ConceptCodeSequence=[code(*value)])


def text(name: Code, value: str) -> Dataset:
    return item("TEXT", name, TextValue=value)


def person(name: str) -> Dataset:
    return item("PNAME", PERSON, PersonName=name)


def derived(value: Code) -> Dataset:
    return coded(DERIVATION, value)


def number(name: Code, value: object, unit: str = "mm", *modifiers: Dataset) -> Dataset:
    """A NUM item; `value` as it is written, None where it is not stated."""
    measured = Dataset()
    measured.add_new(0x0040A30A, "LO", str(value))
    measured.MeasurementUnitsCodeSequence = [code(unit, "UCUM", unit)]
    return item("NUM", name, modifiers, MeasuredValueSequence=[] if value is None else [measured])


def referring(name: Code, instance: Dataset, **attributes: object) -> Dataset:
    """An IMAGE item; `attributes` say which segment or frames of it."""
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = instance.SOPClassUID, instance.SOPInstanceUID
    for keyword, value in attributes.items():
        setattr(reference, keyword, value)
    return item("IMAGE", name, ReferencedSOPSequence=[reference])


def group(*items: Dataset, identifier: str = "", uid: str = "", finding: Code | None = NEOPLASM) -> Dataset:
    """A measurement group (TID 1411)."""
    head = [text(TRACKING_IDENTIFIER, identifier)] if identifier else []
    head += [item("UIDREF", TRACKING_UID, UID=uid)] if uid else []
    head += [coded(FINDING, finding)] if finding else []
    return item("CONTAINER", ("125007", "DCM", "Measurement Group"), [*head, *items])


def report(*groups: Dataset, beside: Sequence[Dataset] = (), **attributes: object) -> Dataset:
    """A measurement report (TID 1500) of `groups`; `beside` are further items of its root."""
    made = make_sr([], **attributes)
    made.ContentSequence[0].ContentSequence = list(groups)
    made.ContentSequence = [*made.ContentSequence, *beside]
    return made
