"""What rows of measurements.csv say of lesions, whether or not they give a number."""

from collections import defaultdict
from collections.abc import Sequence

from models.criteria.finding import LesionFinding, LesionRole, LesionState, NamedBy
from models.criteria.state_by_size import SIZES, state_by_size
from models.tables.csv_table import Row, flag, number
from models.tables.patient_tables import COLUMNS, LESION_COLUMNS, says_too_small

ONLY_LESION = "target"
"""The lesion of a table that names none: the patient's one target, the same at every visit."""


def findings_of(rows: Sequence[Row]) -> list[LesionFinding]:
    """One per lesion in the rows of a visit, named as the table names it.

    Raises UnusableTable for a negative or infinite value.
    """
    by_lesion: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        lesion = row.first(*LESION_COLUMNS)
        if lesion or _is_of_only_lesion(row):
            by_lesion[lesion or ONLY_LESION].append(row)
    return [_finding(lesion, by_lesion[lesion]) for lesion in sorted(by_lesion)]


def _is_of_only_lesion(row: Row) -> bool:
    """Whether a row that names no lesion gives its size, or is where a table of diameters has none."""
    if _sizes([row]) or says_too_small(row):
        return True
    of_diameters = not row.keys().isdisjoint(COLUMNS["longest_diameter"])
    names_lesions = not row.keys().isdisjoint(LESION_COLUMNS)
    return of_diameters and not names_lesions and row.first(*COLUMNS["sum_of_diameters"]) is None


def _finding(lesion: str, rows: Sequence[Row]) -> LesionFinding:
    sizes, node = _sizes(rows), any(flag(row, "node") for row in rows)
    too_small = SIZES if any(says_too_small(row) for row in rows) else ()
    return LesionFinding(
        lesion,
        state_by_size(node, sizes, too_small) or LesionState.NOT_EVALUATED,
        label=lesion,
        organ=next((site for row in rows if (site := row.first("body_site"))), None),
        node=node,
        role=_role(rows),
        long_axis_mm=sizes.get("longest_diameter"),
        short_axis_mm=sizes.get("short_axis"),
        volume_ml=sizes.get("volume"),
        source="import",
        named_by=NamedBy.ONLY if any(row.first(*LESION_COLUMNS) is None for row in rows) else None,
    )


def _sizes(rows: Sequence[Row]) -> dict[str, float]:
    """The largest of each kind that the rows of a lesion give."""
    given = {name: [number(row, *COLUMNS[name], at_least=0.0) for row in rows] for name in SIZES}
    stated = {name: [value for value in values if value is not None] for name, values in given.items()}
    return {name: max(values) for name, values in stated.items() if values}


def _role(rows: Sequence[Row]) -> LesionRole | None:
    """As it is marked; the only lesion of a table that names none is a target."""
    marks = {mark for row in rows if (mark := flag(row, "target")) is not None}
    if not marks:
        return LesionRole.TARGET if any(row.first(*LESION_COLUMNS) is None for row in rows) else None
    return LesionRole.TARGET if True in marks else LesionRole.NON_TARGET
