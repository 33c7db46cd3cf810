"""The numbers of a report, each with what the containers around it say: a tolerant walk over the content tree.

Reports of the real world often lack the template's identification, so nothing here asks for it: TID 1500, 1411, 1410
and 1501 are read alike, however deep their containers nest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydicom import Dataset

from stream.dicom.reading import concepts
from stream.dicom.reading.codes.standard_codes import Key
from stream.dicom.reading.concepts import Concept, concept
from stream.dicom.reading.lesions import SegmentReference
from stream.dicom.reading.reports.time_points import NAMES, TimePoint

MEASUREMENT_GROUP = ("125007", "DCM")
DERIVED_MEASUREMENTS = ("126011", "DCM")  # TID 1420: computed from several regions
_SEGMENTS = (("121191", "DCM"), ("121214", "DCM"))  # Referenced Segment, Referenced Segmentation Frame
SUBJECT_CLASS, PATIENT = ("121024", "DCM"), ("121025", "DCM")  # TID 1006, CID 271
NON_LESION = ("112076", "DCM")
POPULATION = ("121405", "DCM")
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
    target: bool | None = None
    segments: tuple[SegmentReference, ...] = ()
    images: frozenset[str] = frozenset()
    time_point: TimePoint = TimePoint()
    observed_on: str = ""
    session: str = ""
    observers: tuple[tuple[Key, str], ...] = ()
    of_patient: bool = True
    of_population: bool = False
    derived: bool = False
    no_lesion: bool = False

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
class Number:
    """A NUM content item in its group, its own modifiers taken into account."""

    name: Concept
    item: Dataset
    group: Group


def numbers(report: Dataset) -> list[Number]:
    """All numbers; what one was computed from (NUM below NUM) is no measurement of its own."""
    return list(_numbers(report, Group()))


def reader_of(report: Dataset) -> str:
    """Who measured, by whatever place of the content states it; empty where none does."""
    return replace(Group(), observers=tuple(_observers(report))).reader


def _observers(node: Dataset) -> Iterator[tuple[Key, str]]:
    for child in children(node):
        key = _key(child)
        if key in OBSERVERS and key:
            yield key, same_person(text_of(child))
        yield from _observers(child)


def same_person(name: str) -> str:
    """A name as readers are told apart by: without empty components, whatever its case."""
    return name.strip("^ ").casefold()


def is_named(item: Dataset, key: Key) -> bool:
    """Whether `key` is the concept name of a content item."""
    return _key(item) == key


def _key(item: Dataset) -> Key | None:
    name = concept(item, "ConceptNameCodeSequence")
    return name.key if name else None


def children(node: Dataset) -> list[Dataset]:
    """The content items right below one."""
    return list(node.get("ContentSequence") or [])


def _numbers(node: Dataset, group: Group) -> Iterator[Number]:
    named = [(child, concept(child, "ConceptNameCodeSequence")) for child in children(node)]
    for child, name in named:
        group = _with_context(group, child, name.key if name else None)
    for position, (child, name) in enumerate(named):
        if child.get("ValueType") == "NUM":
            if name and name.key not in NAMES:  # a time point's order is no measurement
                yield Number(name, child, _of_number(group, child))
        elif children(child):
            yield from _numbers(child, _entered(group, child, name, f"{group.place}.{position}"))


def _entered(group: Group, container: Dataset, name: Concept | None, place: str) -> Group:
    """The group that `container` begins, else the one it is a part of."""
    key = name.key if name else None
    observed_on = str(container.get("ObservationDateTime") or "") or group.observed_on
    group = replace(group, observed_on=observed_on, derived=group.derived or key == DERIVED_MEASUREMENTS)
    within = bool(group.identifier or group.tracking_uid)
    below = [(_key(child), child) for child in children(container)]
    named = key == MEASUREMENT_GROUP or any(_is_coded_finding(*each) for each in below)
    tracked = any(each in (concepts.TRACKING_IDENTIFIER, concepts.TRACKING_UID) for each, _ in below)
    if not tracked and (within or not named):
        return group
    return replace(group, place=place, content=_content(container), images=_images(container), segments=())


def _is_coded_finding(key: Key | None, child: Dataset) -> bool:
    """In words a finding is prose, and what is counted in prose is no group."""
    return key == concepts.FINDING and concept(child, "ConceptCodeSequence") is not None


def _of_number(group: Group, number: Dataset) -> Group:
    group = replace(group, observed_on=str(number.get("ObservationDateTime") or "") or group.observed_on)
    for modifier in children(number):
        key = _key(modifier)
        if key != POPULATION:  # which the number is compared with
            group = _with_context(group, modifier, key)
    others = [child for child in children(number) if child.get("ReferencedContentItemIdentifier")]
    derived = group.derived or len(others) > 1  # inferred from other numbers of the report, by reference
    return replace(group, images=_images(number) or group.images, derived=derived)


def _with_context(group: Group, child: Dataset, key: Key | None) -> Group:
    """`group` with what one content item, whose concept name is `key`, states of it."""
    code = concept(child, "ConceptCodeSequence")
    if key == concepts.TRACKING_IDENTIFIER:
        return replace(group, identifier=text_of(child))
    if key == concepts.TRACKING_UID:
        return replace(group, tracking_uid=text_of(child))
    if key in OBSERVERS and key:
        return replace(group, observers=(*group.observers, (key, same_person(text_of(child)))))
    if key in NAMES and key:
        return replace(group, time_point=group.time_point.stating(key, text_of(child), code))
    references = tuple(_segments(child))
    if key in _SEGMENTS or any(reference.numbers for reference in references):
        return replace(group, segments=(*group.segments, *references))
    if key == POPULATION:
        return replace(group, of_population=True)
    if key == STUDY_DATE:
        return replace(group, observed_on=str(child.get("Date") or ""))
    if key == SESSION:
        return replace(group, session=text_of(child))
    return _with_code(group, key, code) if code else group


def _with_code(group: Group, key: Key | None, code: Concept) -> Group:
    if key == SUBJECT_CLASS:
        return replace(group, of_patient=code.key == PATIENT)
    if code.scheme == "DCM" and code.value in concepts.TARGET_MARKS:
        return replace(group, target=concepts.TARGET_MARKS[code.value])
    if code.key == NON_LESION:
        return replace(group, no_lesion=True)
    if key == concepts.FINDING:
        return replace(group, finding=code)
    if key == concepts.FINDING_CATEGORY:
        return replace(group, category=code)
    return replace(group, site=code) if key == concepts.FINDING_SITE else group


def text_of(item: Dataset) -> str:
    """What a TEXT, UIDREF, PNAME or NUM item states, as text."""
    measured = item.get("MeasuredValueSequence")
    stated = [measured[0].get("NumericValue")] if measured else []
    stated += [item.get(keyword) for keyword in ("TextValue", "UID", "PersonName")]
    return next((str(value).strip() for value in stated if value not in (None, "")), "")


def _segments(item: Dataset) -> Iterator[SegmentReference]:
    for reference in item.get("ReferencedSOPSequence") or []:
        named = (_whole(reference.get(keyword)) for keyword in ("ReferencedSegmentNumber", "ReferencedFrameNumber"))
        yield SegmentReference(str(reference.get("ReferencedSOPInstanceUID") or ""), *named)


def _whole(value: Any) -> tuple[int, ...]:
    values = [value] if value is None or isinstance(value, int | str) else value
    return tuple(int(str(one)) for one in values if str(one).isdecimal())


def _images(node: Dataset) -> frozenset[str]:
    """SOP Instance UIDs of all that is referred to below `node`."""
    own = {str(one.get("ReferencedSOPInstanceUID")) for one in node.get("ReferencedSOPSequence") or []}
    return frozenset(own.union(*(_images(child) for child in children(node))))


def _content(node: Dataset) -> str:
    """What was measured, and where, written down without the UIDs and remarks that differ from saving to saving."""
    below = [(child, _key(child)) for child in children(node)]
    labels = [text_of(child) for child, key in below if key == concepts.TRACKING_IDENTIFIER]
    told = [_leaf(child, key) + _content(child) for child, key in below if child.get("ValueType") not in _REMARKS]
    return repr([labels, sorted(told)])


_REMARKS = ("TEXT", "UIDREF", "PNAME", "DATE", "TIME", "DATETIME")


def _leaf(item: Dataset, key: Key | None) -> str:
    code = concept(item, "ConceptCodeSequence")
    places = [item.get("GraphicData"), sorted(_images(item))]
    return repr([key, code and code.key, _size(item), places])


def _size(item: Dataset) -> str:
    """A number as it is meant: 40 and 40.0 are one."""
    if item.get("ValueType") != "NUM":
        return ""
    try:
        return f"{float(text_of(item)):.6g}"
    except ValueError:
        return text_of(item)
