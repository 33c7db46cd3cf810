"""One finding per lesion of a scan, from all its reports and segmentations: docs/reading.md 5 has the rule."""

from collections.abc import Iterable
from dataclasses import replace

from models.criteria.finding import LesionFinding, LesionState
from stream.dicom.reading.reading import Reading


def one_finding_each(readings: Iterable[Reading]) -> tuple[LesionFinding, ...]:
    """`readings` in the order in which they count: the first that names a lesion says what became of it.

    What it does not state of a lesion that it measured is taken from the next ones. A lesion that a report only names
    is what its segmentation shows.
    """
    found: dict[str, LesionFinding] = {}
    silent: set[str] = set()
    for reading in readings:
        for finding in reading.findings:
            first = found.get(finding.lesion_uid)
            if first is None:
                found[finding.lesion_uid] = finding
                silent |= reading.silent & {finding.lesion_uid}
            elif first.lesion_uid in silent and finding.source == "SEG":
                found[finding.lesion_uid] = _filled(replace(first, state=finding.state), finding)
                silent.discard(first.lesion_uid)
            else:
                found[finding.lesion_uid] = _filled(first, finding)
    return tuple(found[lesion_uid] for lesion_uid in sorted(found))


def _filled(first: LesionFinding, other: LesionFinding) -> LesionFinding:
    """`first` with what it does not say and `other` does: what the lesion is, and of a measured one also its sizes."""
    names = ["role", "organ", "place"]
    if first.state is LesionState.MEASURED:
        names += ["long_axis_mm", "short_axis_mm", "volume_ml"]
    missing = {name: getattr(other, name) for name in names if getattr(first, name) is None}
    return replace(first, node=first.node or other.node, **missing)
