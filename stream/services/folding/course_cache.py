"""Timelines in the worker's memory, so that one that goes on by a visit is not read and judged from its beginning."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from stream.timeline.conclusions import Conclusions
from stream.timeline.entries import Timeline

CACHED_VISITS = 16_000
"""Of all courses in memory together: at 14 KB a visit with a handful of lesions, some 220 MB."""


@dataclass(frozen=True)
class PatientMemory:
    """What was worked out last of a patient, and the timeline as it stood after the last fold of this worker."""

    worked_out: Conclusions
    stood: Timeline | None = None


class CourseCache:
    """What is known of each patient; whoever goes on from it compares the facts that it is of, and the head."""

    def __init__(self, capacity: int = CACHED_VISITS) -> None:
        self._room = capacity
        self._known: OrderedDict[str, PatientMemory] = OrderedDict()

    def worked_out(self, patient_id: str) -> Conclusions | None:
        """What was worked out of a patient."""
        known = self._known.get(patient_id)
        return known.worked_out if known else None

    def stood(self, patients: Iterable[str]) -> dict[str, Timeline]:
        """The timelines of those of `patients` that this worker folded last, as they stood after it."""
        known = (self._known.get(patient_id) for patient_id in patients)
        return {each.stood.patient_id: each.stood for each in known if each and each.stood}

    def keep(self, patient_id: str, worked_out: Conclusions) -> None:
        """Remember what was worked out; what was kept longest ago is forgotten where room is short."""
        earlier = self._known.pop(patient_id, None)
        self._known[patient_id] = PatientMemory(worked_out, earlier.stood if earlier else None)
        self._room += (_visits(earlier) if earlier else 0) - len(worked_out.course.placed)
        while self._room < 0 and len(self._known) > 1:
            _, forgotten = self._known.popitem(last=False)
            self._room += _visits(forgotten)

    def folded(self, patient_id: str, stands: Callable[[], Timeline]) -> None:
        """Remember how a timeline stands after its fold was committed, if anything is known of it still."""
        if known := self._known.get(patient_id):
            self._known[patient_id] = replace(known, stood=stands())


def _visits(known: PatientMemory) -> int:
    return len(known.worked_out.course.placed)
