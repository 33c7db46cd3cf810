"""What a report says, each number with what the containers around it say: a tolerant walk over the content tree.

Reports of the real world often lack the template's identification, so nothing here asks for it: TID 1500, 1411, 1410
and 1501 are read alike, however deep their containers nest.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace

from pydicom import Dataset

from stream.dicom.reading import concepts
from stream.dicom.reading.codes.standard_codes import Key
from stream.dicom.reading.concepts import Concept, concept
from stream.dicom.reading.lesions import SegmentReference
from stream.dicom.reading.reports.items import (
    children,
    content_of,
    images_of,
    key_of,
    same_person,
    segments_of,
    text_of,
)
from stream.dicom.reading.reports.time_points import NAMES, TimePoint

MEASUREMENT_GROUP = ("125007", "DCM")
DERIVED_MEASUREMENTS = ("126011", "DCM")  # TID 1420: computed from several regions
_SEGMENTS = (("121191", "DCM"), ("121214", "DCM"))  # Referenced Segment, Referenced Segmentation Frame
SUBJECT_CLASS, PATIENT = ("121024", "DCM"), ("121025", "DCM")  # TID 1006, CID 271
NON_LESION = ("112076", "DCM")
POPULATION = ("121405", "DCM")
SPLIT_FROM, MERGED_INTO = ("SPLIT-FROM", "99SCANSTREAM"), ("MERGED-INTO", "99SCANSTREAM")
STUDY_DATE = ("111060", "DCM")
SESSION = ("C67447", "NCIt")  # Activity Session, which reading of several it is
OBSERVERS = (("121008", "DCM"), ("128774", "DCM"), ("121012", "DCM"), ("121013", "DCM"))
"""TID 1003 and 1004, the best first: a person's name, her login, a device's UID, its name."""


@dataclass(frozen=True)
class Group:
    """What the containers around a number say of what was measured."""

    place: str = ""  # in the tree, of the container that begins the group
    content: str = ""
    identifier: str = ""
    tracking_uid: str = ""
    finding: Concept | None = None
    category: Concept | None = None
    site: Concept | None = None
    marks: tuple[str, ...] = ()  # codes of CID 6144 and 6145, outer ones first
    split_from: str = ""  # tracking UIDs of other lesions
    merged_into: str = ""
    segments: tuple[SegmentReference, ...] = ()
    images: frozenset[str] = frozenset()
    container: Dataset | None = field(default=None, compare=False)  # that begins the group
    time_point: TimePoint = TimePoint()
    observed_on: str = ""
    session: str = ""
    observers: tuple[tuple[Key, str], ...] = ()
    of_patient: bool = True
    of_population: bool = False
    derived: bool = False
    no_lesion: bool = False

    @property
    def target(self) -> bool | None:
        """Whether it is marked as one of RECIST's targets; None where no mark says."""
        return concepts.TARGET_MARKS[self.marks[-1]] if self.marks else None

    @property
    def place_and_name(self) -> tuple[str, str, str]:
        """What makes it one group and no other; all empty where a number stands in none."""
        return self.place, self.tracking_uid, self.identifier

    @property
    def says_state(self) -> bool:
        """Whether it tells what became of a lesion without any number."""
        return bool(concepts.STATE_MARKS & set(self.marks) or self.split_from or self.merged_into)

    @property
    def node(self) -> bool:
        """Whether a lymph node is measured."""
        return concepts.is_lymph_node(self.finding) or concepts.is_lymph_node(self.site)

    @property
    def reader(self) -> str:
        """Who measured: a person before a device; empty where the report does not say."""
        stated = dict(self.observers)
        return next((stated[name] for name in OBSERVERS if stated.get(name)), "")


@dataclass(frozen=True)
class Statement:
    """That there is a group, whether or not it has numbers."""

    group: Group


@dataclass(frozen=True)
class Number(Statement):
    """A NUM content item in its group, its own modifiers taken into account."""

    name: Concept
    item: Dataset


def statements(report: Dataset) -> list[Statement]:
    """All numbers, and the groups that speak of a lesion without one.

    What a number was computed from (NUM below NUM) is no measurement of its own.
    """
    every = list(_statements(report, Group()))
    numbers = [one for one in every if isinstance(one, Number)]
    begun = [one.group.place for one in every if not isinstance(one, Number)]
    sized = {
        one.group.place for one in numbers if concepts.MEASUREMENTS.get(one.name.key) not in concepts.WHOLE_PATIENT
    }
    numbered = {one.group.place for one in numbers}
    return [one for one in every if isinstance(one, Number) or _is_without_number(one.group, begun, sized, numbered)]


def _is_without_number(group: Group, begun: Sequence[str], sized: Set[str], numbered: Set[str]) -> bool:
    """Whether a group is a lesion though it has no number: it has a name, and is no container of other groups."""
    holds_others = any(place.startswith(f"{group.place}.") for place in begun)
    told = group.place not in numbered or bool(group.marks)
    return bool(group.tracking_uid or group.identifier) and told and group.place not in sized and not holds_others


def reader_of(report: Dataset) -> str:
    """Who measured, by whatever place of the content states it; empty where none does."""
    return replace(Group(), observers=tuple(_observers(report))).reader


def _observers(node: Dataset) -> Iterator[tuple[Key, str]]:
    for child in children(node):
        key = key_of(child)
        if key in OBSERVERS and key:
            yield key, same_person(text_of(child))
        yield from _observers(child)


def _statements(node: Dataset, group: Group, begins: bool = False) -> Iterator[Statement]:
    named = [(child, concept(child, "ConceptNameCodeSequence")) for child in children(node)]
    for child, name in named:
        group = _with_context(group, child, name.key if name else None)
        group = replace(group, marks=(*group.marks, *_marks_below(child)))
    if begins:
        yield Statement(group)
    for position, (child, name) in enumerate(named):
        if child.get("ValueType") == "NUM":
            if name and name.key not in NAMES:  # a time point's order is no measurement
                yield Number(_of_number(group, child), name, child)
        elif children(child):
            below = _entered(group, child, name, f"{group.place}.{position}")
            yield from _statements(child, below, begins=below.place != group.place)


def _entered(group: Group, container: Dataset, name: Concept | None, place: str) -> Group:
    """The group that `container` begins, else the one it is a part of."""
    key = name.key if name else None
    observed_on = str(container.get("ObservationDateTime") or "") or group.observed_on
    group = replace(group, observed_on=observed_on, derived=group.derived or key == DERIVED_MEASUREMENTS)
    within = bool(group.identifier or group.tracking_uid)
    below = [(key_of(child), child) for child in children(container)]
    named = key == MEASUREMENT_GROUP or any(_is_coded_finding(*each) for each in below)
    tracked = any(each in (concepts.TRACKING_IDENTIFIER, concepts.TRACKING_UID) for each, _ in below)
    if not tracked and (within or not named):
        return group
    content, images = content_of(container), images_of(container)
    begun = replace(group, place=place, content=content, images=images, container=container)
    return replace(begun, segments=(), split_from="", merged_into="")


def _is_coded_finding(key: Key | None, child: Dataset) -> bool:
    """In words a finding is prose, and what is counted in prose is no group."""
    return key == concepts.FINDING and concept(child, "ConceptCodeSequence") is not None


def _of_number(group: Group, number: Dataset) -> Group:
    group = replace(group, observed_on=str(number.get("ObservationDateTime") or "") or group.observed_on)
    for modifier in children(number):
        key = key_of(modifier)
        if key != POPULATION:  # which the number is compared with
            group = _with_context(group, modifier, key)
    others = [child for child in children(number) if child.get("ReferencedContentItemIdentifier")]
    derived = group.derived or len(others) > 1  # inferred from other numbers of the report, by reference
    return replace(group, images=images_of(number) or group.images, derived=derived)


def _with_context(group: Group, child: Dataset, key: Key | None) -> Group:
    """`group` with what one content item, whose concept name is `key`, states of it."""
    code = concept(child, "ConceptCodeSequence")
    if key == concepts.TRACKING_IDENTIFIER:
        return replace(group, identifier=text_of(child))
    if key == concepts.TRACKING_UID:
        return replace(group, tracking_uid=text_of(child))
    if key == SPLIT_FROM:
        return replace(group, split_from=text_of(child))
    if key == MERGED_INTO:
        return replace(group, merged_into=text_of(child))
    if key in OBSERVERS and key:
        return replace(group, observers=(*group.observers, (key, same_person(text_of(child)))))
    if key in NAMES and key:
        return replace(group, time_point=group.time_point.stating(key, text_of(child), code))
    references = tuple(segments_of(child))
    if key in _SEGMENTS or any(reference.numbers for reference in references):
        return replace(group, segments=(*group.segments, *references))
    if key == POPULATION:
        return replace(group, of_population=True)
    if key == STUDY_DATE:
        return replace(group, observed_on=str(child.get("Date") or ""))
    if key == SESSION:
        return replace(group, session=text_of(child))
    return _with_code(group, key, code) if code else group


def _marks_below(item: Dataset) -> Iterator[str]:
    """Marks in the codes that stand below a code."""
    for child in children(item) if item.get("ValueType") == "CODE" else ():
        code = concept(child, "ConceptCodeSequence")
        if code and code.scheme == "DCM" and code.value in concepts.TARGET_MARKS:
            yield code.value
        yield from _marks_below(child)


def _with_code(group: Group, key: Key | None, code: Concept) -> Group:
    if key == SUBJECT_CLASS:
        return replace(group, of_patient=code.key == PATIENT)
    if code.scheme == "DCM" and code.value in concepts.TARGET_MARKS:
        return replace(group, marks=(*group.marks, code.value))
    if code.key == NON_LESION:
        return replace(group, no_lesion=True)
    if key == concepts.FINDING:
        return replace(group, finding=code)
    if key == concepts.FINDING_CATEGORY:
        return replace(group, category=code)
    return replace(group, site=code) if key == concepts.FINDING_SITE else group
