"""What one scan says of one lesion, in the words that every criterion judges by."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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


@dataclass(frozen=True)
class LesionFinding:
    """What one scan says of one lesion.

    `role` is as the report marks it (None: it does not say), `progressed` its unequivocal progression (112047, DCM).
    `split_from`, `merged_into`: the lesion that this one was a part of, or now is.
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

    @property
    def size_mm(self) -> float | None:
        """The diameter that counts: of a node the short axis only [RECIST 1.1, 4.2]; None where not measured."""
        return self.short_axis_mm if self.node else self.long_axis_mm


def as_json(finding: LesionFinding) -> dict[str, Any]:
    """The finding as plain values, without what it does not say."""
    return {name: value for name, value in vars(finding).items() if value is not None and value is not False}


def from_json(stored: dict[str, Any]) -> LesionFinding:
    """The finding that `as_json` made plain."""
    role = stored.get("role")
    return LesionFinding(
        **{**stored, "state": LesionState(stored["state"]), "role": None if role is None else LesionRole(role)}
    )
