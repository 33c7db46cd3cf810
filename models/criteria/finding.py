"""What one scan says of one lesion, in the words that every criterion judges by."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.criteria.place import LesionPlace

_STAND_IN = re.compile(r"lesion-\d{6}")


class LesionRole(StrEnum):
    """What a lesion counts as: of its size, or only of being there."""

    TARGET = "target"
    NON_TARGET = "non_target"


class LesionState(StrEnum):
    """What a scan says of a lesion, whether in numbers, codes or words."""

    MEASURED = "measured"
    TOO_SMALL = "too_small"  # seen, without a number: counts 5 mm
    GONE = "gone"
    PRESENT = "present"  # seen, not measured
    NOT_EVALUATED = "not_evaluated"


class NamedBy(StrEnum):
    """What a lesion without a tracking UID has its name from."""

    LABEL = "label"  # the only one of its object
    OBJECT = "object"  # a name that means nothing outside of it
    ONLY = "only"  # of a table that names no lesion: it is the patient's one target


@dataclass(frozen=True)
class LesionFinding:
    """What one scan says of one lesion.

    `role` is as the report marks it (None: it does not say), `progressed` its unequivocal progression (112047, DCM).
    `split_from`, `merged_into`: the lesion that this one was a part of, or now is. `named_by` None: a tracking UID.
    `decided`: the role that a person gave it, whatever the report says.
    """

    lesion_uid: str
    state: LesionState
    label: str | None = None
    organ: str | None = None
    node: bool = False
    role: LesionRole | None = None
    progressed: bool = False
    long_axis_mm: float | None = None
    short_axis_mm: float | None = None
    volume_ml: float | None = None
    split_from: str | None = None
    merged_into: str | None = None
    source: str = "SR"
    named_by: NamedBy | None = None
    place: LesionPlace | None = None
    decided: LesionRole | None = None

    @property
    def size_mm(self) -> float | None:
        """The diameter that counts: of a node the short axis only [RECIST 1.1, 4.2]; None where not measured."""
        return self.short_axis_mm if self.node else self.long_axis_mm


def is_stand_in(label: str) -> bool:
    """Whether `label` is what is shown of a lesion that has none, or one that could name the patient."""
    return _STAND_IN.fullmatch(label) is not None


def as_json(finding: LesionFinding) -> dict[str, Any]:
    """The finding as plain values, without what it does not say."""
    said = {name: value for name, value in vars(finding).items() if value is not None and value is not False}
    return said if finding.place is None else {**said, "place": [finding.place.frame, [*finding.place.centre_mm]]}


def from_json(stored: dict[str, Any]) -> LesionFinding:
    """The finding that `as_json` made plain."""
    words = {name: kind(stored[name]) for name, kind in _WORDS.items() if name in stored}
    return LesionFinding(**{**stored, **words})


def _place(stored: Sequence[Any]) -> LesionPlace:
    frame, (x, y, z) = stored
    return LesionPlace(frame, (x, y, z))


_WORDS: dict[str, Callable[[Any], object]] = {
    "state": LesionState,
    "role": LesionRole,
    "decided": LesionRole,
    "named_by": NamedBy,
    "place": _place,
}
