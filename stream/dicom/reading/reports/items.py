"""Single content items of a report: what each is called, states, refers to, and holds below it."""

from collections.abc import Iterator
from typing import Any

from pydicom import Dataset

from stream.dicom.reading import concepts
from stream.dicom.reading.codes.standard_codes import Key
from stream.dicom.reading.concepts import concept
from stream.dicom.reading.lesions import SegmentReference

_REMARKS = ("TEXT", "UIDREF", "PNAME", "DATE", "TIME", "DATETIME")


def key_of(item: Dataset) -> Key | None:
    """The concept name of a content item."""
    name = concept(item, "ConceptNameCodeSequence")
    return name.key if name else None


def is_named(item: Dataset, key: Key) -> bool:
    """Whether `key` is the concept name of a content item."""
    return key_of(item) == key


def children(node: Dataset) -> list[Dataset]:
    """The content items right below one."""
    return list(node.get("ContentSequence") or [])


def same_person(name: str) -> str:
    """A name as readers are told apart by: without empty components, whatever its case."""
    return name.strip("^ ").casefold()


def text_of(item: Dataset) -> str:
    """What a TEXT, UIDREF, PNAME or NUM item states, as text."""
    measured = item.get("MeasuredValueSequence")
    stated = [measured[0].get("NumericValue")] if measured else []
    stated += [item.get(keyword) for keyword in ("TextValue", "UID", "PersonName")]
    return next((str(value).strip() for value in stated if value not in (None, "")), "")


def segments_of(item: Dataset) -> Iterator[SegmentReference]:
    """The segments and frames that an item refers to."""
    for reference in item.get("ReferencedSOPSequence") or []:
        named = (_whole(reference.get(keyword)) for keyword in ("ReferencedSegmentNumber", "ReferencedFrameNumber"))
        yield SegmentReference(str(reference.get("ReferencedSOPInstanceUID") or ""), *named)


def _whole(value: Any) -> tuple[int, ...]:
    values = [value] if value is None or isinstance(value, int | str) else value
    return tuple(int(str(one)) for one in values if str(one).isdecimal())


def images_of(node: Dataset) -> frozenset[str]:
    """SOP Instance UIDs of all that is referred to below `node`."""
    own = {str(one.get("ReferencedSOPInstanceUID")) for one in node.get("ReferencedSOPSequence") or []}
    return frozenset(own.union(*(images_of(child) for child in children(node))))


def content_of(node: Dataset) -> str:
    """What was measured, and where, written down without the UIDs and remarks that differ from saving to saving."""
    below = [(child, key_of(child)) for child in children(node)]
    labels = [text_of(child) for child, key in below if key == concepts.TRACKING_IDENTIFIER]
    told = [_leaf(child, key) + content_of(child) for child, key in below if child.get("ValueType") not in _REMARKS]
    return repr([labels, sorted(told)])


def _leaf(item: Dataset, key: Key | None) -> str:
    code = concept(item, "ConceptCodeSequence")
    places = [item.get("GraphicData"), sorted(images_of(item))]
    return repr([key, code and code.key, _size(item), places])


def _size(item: Dataset) -> str:
    """A number as it is meant: 40 and 40.0 are one."""
    if item.get("ValueType") != "NUM":
        return ""
    try:
        return f"{float(text_of(item)):.6g}"
    except ValueError:
        return text_of(item)
