"""What a radiologist writes of each place of a simulated disease: numbers, and codes where there are none."""

from collections.abc import Sequence

import numpy as np

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.criteria.visit import LineOfTherapy
from models.simulation.foci import Focus
from models.simulation.patients import MEASURABLE_MM, READING_ERROR, SEEN_MM, size_mm
from models.tables.records import TreatmentRecord

NOTICED_MM = 7.0  # a new lesion from here on; one that is known is looked for down to SEEN_MM
HEALED_NODE_MM = 6.0  # a node that was healed is still a node
TRACE_MM = 10.0  # of an effusion
UNEQUIVOCAL, UNEQUIVOCAL_MM = 4.0, 15.0  # volume over the smallest since the baseline; what is smaller worries nobody
FORGETFUL_VISIT = 3  # after the first


class Reader:
    """Reads the visits of one patient, in order; days count from the start of the first treatment."""

    def __init__(self, foci: Sequence[Focus], patient: int, random: np.random.Generator) -> None:
        self._foci = foci
        self._random = random
        self._known = {focus.name for focus in foci if focus.role is not None}
        self._days: list[int] = []
        _, *others = (focus.name for focus in foci if focus.role is LesionRole.TARGET)
        self._forgotten = others[-1] if others and patient % 8 == 3 else None

    def read(
        self, day: int, treatments: Sequence[TreatmentRecord], line: LineOfTherapy | None
    ) -> tuple[LesionFinding, ...]:
        """The findings of a visit; `line`: that in force, None at the first visit."""
        self._days.append(day)
        forgotten = self._forgotten if len(self._days) == FORGETFUL_VISIT + 1 else None
        findings = []
        for focus in self._foci:
            sizes = [size_mm(focus.lesion, focus.rates, each, treatments) for each in self._days_of(line)]
            if sizes[-1] >= NOTICED_MM:
                self._known.add(focus.name)
            if focus.name in self._known - {forgotten}:
                progressed = line is not None and focus.name in line.non_targets and _is_unequivocal(sizes)
                findings.append(self._finding(focus, sizes[-1], progressed))
        return tuple(findings)

    def _days_of(self, line: LineOfTherapy | None) -> list[int]:
        """Days of the visits since the baseline of a line, this one included."""
        if line is None or line.baseline is None:
            return self._days
        return [day for day in self._days if str(day) in line.visits] + self._days[-1:]

    def _finding(self, focus: Focus, true_mm: float, progressed: bool) -> LesionFinding:
        node, known_role = focus.lesion.node, focus.role is LesionRole.NON_TARGET or len(self._days) == 1
        read_mm = true_mm * (1 + READING_ERROR * self._random.standard_normal())
        state = _state(focus, read_mm)
        size = _size_mm(focus, state, read_mm)
        return LesionFinding(
            focus.name,
            state,
            organ=None if node else focus.lesion.site,
            node=node,
            role=focus.role if known_role else None,
            progressed=progressed,
            long_axis_mm=None if node else size,
            short_axis_mm=size if node else None,
        )


def _state(focus: Focus, read_mm: float) -> LesionState:
    """A node that was healed is still there; an effusion is seen or not."""
    if not focus.measured:
        return LesionState.PRESENT if read_mm >= TRACE_MM else LesionState.GONE
    if focus.lesion.node or read_mm >= MEASURABLE_MM:
        return LesionState.MEASURED
    return LesionState.TOO_SMALL if read_mm >= SEEN_MM else LesionState.GONE


def _size_mm(focus: Focus, state: LesionState, read_mm: float) -> float | None:
    """What is written down, in whole mm; None where words or codes say it."""
    if state is LesionState.GONE and focus.measured:
        return 0.0
    if state is not LesionState.MEASURED:
        return None
    return float(round(max(read_mm, HEALED_NODE_MM) if focus.lesion.node else read_mm))


def _is_unequivocal(sizes_mm: Sequence[float]) -> bool:
    """Whether disease that is not judged by its size has grown beyond doubt."""
    return sizes_mm[-1] >= UNEQUIVOCAL_MM and sizes_mm[-1] ** 3 >= UNEQUIVOCAL * min(sizes_mm) ** 3
