"""Courses in the worker's memory, so that a timeline that goes on by one visit is not judged from its beginning."""

from collections import OrderedDict

from stream.timeline.planning import WorkedOut

CACHED_VISITS = 16_000
"""Of all courses in memory together: at 12 KB a visit with a handful of lesions, some 200 MB."""


class CourseCache:
    """What was worked out last for each patient; whoever goes on from it compares the facts that it is of."""

    def __init__(self, capacity: int = CACHED_VISITS) -> None:
        self._room = capacity
        self._courses: OrderedDict[str, WorkedOut] = OrderedDict()

    def course(self, patient_id: str) -> WorkedOut | None:
        """What was kept of a patient."""
        return self._courses.get(patient_id)

    def keep(self, patient_id: str, course: WorkedOut) -> None:
        """Remember a course; those that were kept longest ago are forgotten where room is short."""
        earlier = self._courses.pop(patient_id, None)
        self._courses[patient_id] = course
        self._room += (len(earlier.course.placed) if earlier else 0) - len(course.course.placed)
        while self._room < 0 and len(self._courses) > 1:
            _, forgotten = self._courses.popitem(last=False)
            self._room += len(forgotten.course.placed)
