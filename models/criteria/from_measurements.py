"""What measured values alone say of lesions, where nobody said more: tables of numbers, and scans of older versions."""

from collections import defaultdict
from collections.abc import Iterable

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.measurement import Measurement

_FIELDS = {"longest_diameter": "long_axis_mm", "short_axis": "short_axis_mm", "volume": "volume_ml"}


def findings_from(measurements: Iterable[Measurement]) -> tuple[LesionFinding, ...]:
    """A finding for each lesion that has a size, sorted by lesion_uid; a short axis alone makes a lymph node."""
    by_lesion: dict[str, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        if measurement.lesion_uid and measurement.measurement in _FIELDS:
            by_lesion[measurement.lesion_uid].append(measurement)
    return tuple(_finding(lesion_uid, by_lesion[lesion_uid]) for lesion_uid in sorted(by_lesion))


def stated_sum_mm(measurements: Iterable[Measurement]) -> float | None:
    """The sum of diameters (mm) that stands among values without a lesion; None where there is none."""
    return next((one.value for one in measurements if one.measurement == "sum_of_diameters"), None)


def _finding(lesion_uid: str, values: list[Measurement]) -> LesionFinding:
    sizes: dict[str, float] = {_FIELDS[one.measurement]: one.value for one in values}
    marks = [one.target for one in values if one.target is not None]
    role = (LesionRole.TARGET if any(marks) else LesionRole.NON_TARGET) if marks else None
    node = any(one.node for one in values) or set(sizes) == {"short_axis_mm"}
    first = values[0]
    return LesionFinding(
        lesion_uid,
        LesionState.MEASURED if any(sizes.values()) else LesionState.GONE,
        first.lesion_label,
        next((one.body_site for one in values if one.body_site), None),
        node,
        role,
        long_axis_mm=sizes.get("long_axis_mm"),
        short_axis_mm=sizes.get("short_axis_mm"),
        volume_ml=sizes.get("volume_ml"),
        source=first.source,
    )
