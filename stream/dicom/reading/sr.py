"""Measurements in structured reports: a tolerant walk over the content tree of TID 1500, 1411, 1410 and 1501.

Reports of the real world often lack the template's identification, so nothing here asks for it: a measurement belongs
to the lesion that its surrounding containers state (tracking identifier, site, finding), however deep they nest.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydicom import Dataset

from models.measurement import Measurement
from stream import logs
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading import concepts
from stream.dicom.reading.concepts import Concept, concept
from stream.dicom.reading.labels import Naming, safe_label, safe_site
from stream.errors import SetAside
from stream.vocabulary import ReasonCode


@dataclass(frozen=True)
class _Lesion:
    """What the containers around a measurement say of its lesion."""

    place: str = ""  # of the container in the tree
    identifier: str = ""
    tracking_uid: str = ""
    site: Concept | None = None
    node: bool = False
    target: bool | None = None


def read_sr(dataset: Dataset, pseudonyms: Pseudonyms, patient_id: str) -> list[Measurement]:
    """Measurements of a report, one per lesion and measurement (the first that is stated), in our units.

    Raises SetAside: unknown_unit, bad_value (negative, infinite, not a number), not_measurable (none known to us).
    """
    numbers = list(_numbers(dataset, _Lesion()))
    known = [number for number in numbers if number.name.key in concepts.MEASUREMENTS]
    reader = _Reader(pseudonyms, patient_id, Naming.of(dataset))
    measurements = [measurement for number in known if (measurement := reader.measurement(number))]
    if not measurements:
        raise SetAside(ReasonCode.NOT_MEASURABLE, "The report holds no measurement that is known here.")
    ignored = {number.name.key for number in numbers} - concepts.MEASUREMENTS.keys()
    if ignored:
        logs.event("concepts_not_stored", codes=",".join(f"{scheme}:{value}" for value, scheme in sorted(ignored)))
    return list({(value.lesion_uid, value.measurement): value for value in reversed(measurements)}.values())[::-1]


@dataclass(frozen=True)
class _Number:
    """A NUM content item with the lesion it speaks of."""

    name: Concept
    item: Dataset
    lesion: _Lesion


def _numbers(node: Dataset, lesion: _Lesion) -> Iterator[_Number]:
    """NUM items below `node`; what a number was computed from (NUM below NUM) is no measurement of its own."""
    children = node.get("ContentSequence") or []
    for child in children:
        lesion = _with_context(lesion, child)
    for number, child in enumerate(children):
        name = concept(child, "ConceptNameCodeSequence")
        if child.get("ValueType") == "NUM" and name:
            own = lesion
            for modifier in child.get("ContentSequence") or []:
                own = _with_context(own, modifier)
            yield _Number(name, child, own)
        elif child.get("ValueType") != "NUM":
            yield from _numbers(child, replace(lesion, place=f"{lesion.place}.{number}"))


def _with_context(lesion: _Lesion, child: Dataset) -> _Lesion:
    """`lesion` with what one content item states of it."""
    name, code = concept(child, "ConceptNameCodeSequence"), concept(child, "ConceptCodeSequence")
    key = name.key if name else None
    if key == concepts.TRACKING_IDENTIFIER:
        return replace(lesion, identifier=str(child.get("TextValue") or "").strip())
    if key == concepts.TRACKING_UID:
        return replace(lesion, tracking_uid=str(child.get("UID") or "").strip())
    if key == concepts.FINDING_SITE and code:
        return replace(lesion, site=code, node=lesion.node or concepts.is_lymph_node(code))
    if code and code.scheme == "DCM" and code.value in concepts.TARGET_MARKS:
        return replace(lesion, target=concepts.TARGET_MARKS[code.value])
    if key == concepts.FINDING:
        return replace(lesion, node=lesion.node or concepts.is_lymph_node(code))
    return lesion


class _Reader:
    """Turns numbers into measurements of one patient."""

    def __init__(self, pseudonyms: Pseudonyms, patient_id: str, naming: Naming) -> None:
        self._pseudonyms = pseudonyms
        self._patient_id = patient_id
        self._naming = naming

    def measurement(self, number: _Number) -> Measurement | None:
        """None where the report states no value (a numeric value qualifier, or nothing)."""
        name, lesion = concepts.MEASUREMENTS[number.name.key], number.lesion
        value = _value(number.item, name)
        if value is None:
            return None
        site = safe_site(concepts.site_word(lesion.site), self._naming)
        if name in concepts.WHOLE_PATIENT:
            return Measurement(name, value, "SR", body_site=site)
        lesion_uid = self._lesion_uid(lesion)
        label = safe_label(lesion.identifier, lesion_uid, self._naming)
        return Measurement(name, value, "SR", lesion_uid, label, site, lesion.target, lesion.node)

    def _lesion_uid(self, lesion: _Lesion) -> str:
        if lesion.tracking_uid:
            return self._pseudonyms.lesion_uid(lesion.tracking_uid)
        return self._pseudonyms.lesion_uid_without_tracking(self._patient_id, lesion.identifier or f"at{lesion.place}")


def _value(item: Dataset, name: str) -> float | None:
    """Value in our unit; 0 is a value (the lesion is gone), none at all is missing."""
    measured = item.get("MeasuredValueSequence")
    try:
        written = _written(measured[0]) if measured else None
        value = math.nan if written is None else float(written)
    except (TypeError, ValueError):
        written, value = "", math.nan
    if written is None:
        return None
    if not math.isfinite(value) or value < 0:
        raise SetAside(ReasonCode.BAD_VALUE, f"The report states a {name} that is negative, infinite or no number.")
    unit = concept(measured[0], "MeasurementUnitsCodeSequence")
    factor = concepts.UNITS[name].get(unit.value if unit else "")
    if factor is None:
        raise SetAside(ReasonCode.UNKNOWN_UNIT, f"The report states a {name} in a unit that is not known here.")
    return value * factor


def _written(measured: Dataset) -> Any:
    """The binary value if there is one: the decimal string is cut to 16 characters (PS3.3 C.18.1)."""
    for keyword in ("FloatingPointValue", "NumericValue"):
        value = measured.get(keyword)
        if value is not None and value != "":
            return value if isinstance(value, float | int | str) else value[0]
    return None
