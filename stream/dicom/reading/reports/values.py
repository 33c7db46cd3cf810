"""What a NUM content item states, in our unit, or why that is no value (PS3.3 C.18.1)."""

import re
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from models.measurement import LARGEST
from stream.dicom.reading import concepts
from stream.dicom.reading.concepts import concept
from stream.vocabulary import ReasonCode

TOO_SMALL = ("112133", "DCM")
NOT_STATED = "no value is stated"
NO_NUMBER = "the value is negative, infinite or no number"
OTHER_UNIT = "the unit is not one of this measurement"
TOO_LARGE = "the value is larger than any body holds"
REASON_CODES = {NO_NUMBER: ReasonCode.BAD_VALUE, TOO_LARGE: ReasonCode.BAD_VALUE, OTHER_UNIT: ReasonCode.UNKNOWN_UNIT}

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Quantity:
    """`value` in the unit of the measurement, or `problem`: why there is none."""

    value: float = 0.0
    problem: str = ""


def quantity(item: Dataset, measurement: str) -> Quantity:
    """0 is a value (the lesion is gone); `12,5` and `<5` are none, and are never read as numbers."""
    measured = item.get("MeasuredValueSequence")
    written = _written(measured[0]) if measured else None
    if written is None:
        return Quantity(problem=NOT_STATED)
    unit = concept(measured[0], "MeasurementUnitsCodeSequence")
    factor = concepts.UNITS[measurement].get(unit.value if unit else "")
    value = float(written) if _DECIMAL.fullmatch(written) else -1.0
    if not 0 <= value < float("inf"):
        return Quantity(problem=NO_NUMBER)
    if factor is None:
        return Quantity(problem=OTHER_UNIT)
    return Quantity(value * factor) if value * factor <= LARGEST[measurement] else Quantity(problem=TOO_LARGE)


def is_too_small(item: Dataset) -> bool:
    """Whether a number without a value is said to be too small to measure (0040,A301); a stated value stands."""
    qualifier = concept(item, "NumericValueQualifierCodeSequence")
    return qualifier is not None and qualifier.key == TOO_SMALL and not is_stated(item)


def is_stated(item: Dataset) -> bool:
    """Whether a value stands there, usable or not."""
    measured = item.get("MeasuredValueSequence")
    return bool(measured) and _written(measured[0]) is not None


def _written(measured: Dataset) -> str | None:
    """The binary value if there is one: the decimal string is cut to 16 characters."""
    for keyword in ("FloatingPointValue", "NumericValue"):
        value = _element(measured, keyword)
        if value is not None and value != "":
            one = value if isinstance(value, float | int | str) else value[0]
            return str(one).strip(" \0")
    return None


def _element(measured: Dataset, keyword: str) -> Any:
    """An element's value; of a text that its type cannot hold, that text is no number."""
    try:
        return measured.get(keyword)
    except (TypeError, ValueError):
        return "not readable"
