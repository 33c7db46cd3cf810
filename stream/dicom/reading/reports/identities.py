"""Which lesion each of a report's groups is about."""

from collections.abc import Iterable

from pydicom import Dataset

from models.criteria.finding import NamedBy
from models.criteria.place import LesionPlace
from stream.dicom.reading.lesions import LesionNames, Outline, unambiguous
from stream.dicom.reading.places.regions import centre_of
from stream.dicom.reading.reports.groups import Group, Number, Statement


class Identities:
    """The lesions of one report: a label names one only if a single group with something to say has it."""

    def __init__(self, dataset: Dataset, names: LesionNames, said: Iterable[Statement]) -> None:
        every = list(said)
        self._sop_uid = str(dataset.get("SOPInstanceUID") or "")
        self._names = names
        self._groups = _each_once(one.group for one in every)
        told = _labels(one.group for one in every if isinstance(one, Number) or one.group.says_state)
        rest = [label for label in _labels(self._groups) if label not in told]
        self._alone = unambiguous(told) | unambiguous(rest)

    def lesion_uid(self, group: Group) -> str:
        """By tracking UID, else by the segment's, else by a label that is the only one, else by content."""
        if group.tracking_uid:
            return self._names.tracking(group.tracking_uid)
        outline = self._outline(group)
        if outline and self._names.is_tracked(outline):
            return self._names.outlined(outline)
        if group.identifier in self._alone:
            return self._names.labelled(group.identifier)
        return self._names.outlined(outline) if outline else self._by_content(group)

    def named_by(self, group: Group) -> NamedBy | None:
        """What the lesion has its name from; None: a tracking UID, its own or its segment's."""
        outline = self._outline(group)
        if group.tracking_uid or (outline and self._names.is_tracked(outline)):
            return None
        return NamedBy.LABEL if group.identifier in self._alone else NamedBy.OBJECT

    def place_of(self, group: Group) -> LesionPlace | None:
        """Where the group was drawn; None where nothing tells."""
        centre = None if group.container is None else centre_of(group.container, self._names.images)
        return LesionPlace(self._names.frame(centre[0]), centre[1]) if centre else None

    def other_lesion(self, tracking_uid: str) -> str | None:
        """The lesion that a group refers to by its tracking UID; None where it refers to none."""
        return self._names.tracking(tracking_uid) if tracking_uid else None

    def outlines(self) -> dict[Outline, str]:
        """The segments that groups were measured in, with their lesions."""
        pairs = [(self._outline(group), group) for group in self._groups]
        return {outline: self.lesion_uid(group) for outline, group in pairs if outline}

    def _outline(self, group: Group) -> Outline | None:
        """The one segment of a lesion that the group refers to; several are no lesion."""
        referred = {outline for one in group.segments for outline in self._names.outlines_of(one)}
        return referred.pop() if len(referred) == 1 else None

    def _by_content(self, group: Group) -> str:
        same = [one.place_and_name for one in self._groups if one.content == group.content]
        return self._names.labelled(f"{same.index(group.place_and_name)} of {group.content} in {self._sop_uid}")


def _each_once(groups: Iterable[Group]) -> list[Group]:
    return list({group.place_and_name: group for group in groups}.values())


def _labels(groups: Iterable[Group]) -> list[str]:
    """Of the groups that are known by their label only."""
    return [group.identifier for group in _each_once(groups) if not group.tracking_uid]
