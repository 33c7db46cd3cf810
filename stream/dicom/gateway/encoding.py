"""Strict parsing of an encoded dataset into elements, and their one canonical encoding (PS3.5 sections 7 and A.2)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydicom.datadict import dictionary_VR
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32, STR_VR

VR = EXPLICIT_VR_LENGTH_16 | EXPLICIT_VR_LENGTH_32
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA, LENGTH_TO_END, TRAILING_PADDING = 0x7FE00010, 0x00080001, 0xFFFCFFFC
MAX_DEPTH = 32  # real reports nest below 15; deeper ones are made to exhaust the stack


class NotParsable(Exception):
    """The bytes are no dataset, or end before it does; the text carries no value from them."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """Encapsulated pixel data: offset table, compressed fragments and delimiter as they came (PS3.5 A.4)."""

    encoded: memoryview


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a sequence, each a dataset of its own."""

    datasets: tuple[tuple["Element", ...], ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One data element; `vr` is the dictionary's, UN for private and unknown tags, whatever the file says."""

    tag: int
    vr: str
    value: "memoryview | Items | Fragments"


def parse(data: memoryview, explicit: bool) -> tuple[Element, ...]:
    """Elements of a little-endian dataset by ascending tag, without group lengths; NotParsable if it is cut short."""
    return _Parser(data).dataset(0, len(data), explicit, depth=0)[0]


def canonical(elements: tuple[Element, ...], explicit: bool = True) -> Iterator[bytes | memoryview]:
    """Pieces of the one encoding that every encoding of the same content shares.

    Explicit VR Little Endian, defined lengths, values padded to even length; a UN value that holds items is implicit,
    as PS3.5 6.2.2 asks. Encapsulated pixel data keeps its fragments.
    """
    for element in elements:
        if isinstance(element.value, Fragments):
            yield header(element.tag, "OB", UNDEFINED, explicit)
            yield element.value.encoded
            continue
        value = _value(element.vr, element.value, explicit)
        yield header(element.tag, element.vr, len(value), explicit)
        yield value


def header(tag: int, vr: str, length: int, explicit: bool = True) -> bytes:
    """Tag, VR and length as they precede a value."""
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if not explicit:
        return start + struct.pack("<L", length)
    if vr not in EXPLICIT_VR_LENGTH_32 and length > 0xFFFF:
        vr = "UN"  # PS3.5 6.2.2: a value too long for the length field of its VR
    if vr in EXPLICIT_VR_LENGTH_32:
        return start + vr.encode() + struct.pack("<HL", 0, length)
    return start + vr.encode() + struct.pack("<H", length)


def _value(vr: str, value: memoryview | Items, explicit: bool) -> bytes | memoryview:
    if isinstance(value, Items):
        return b"".join(_items(value, explicit and vr == "SQ"))
    if vr in STR_VR:
        text = bytes(value).rstrip(b" \0")
        return text + (b"\0" if vr == "UI" else b" ") * (len(text) % 2)
    return bytes(value) + b"\0" if len(value) % 2 else value


def _items(items: Items, explicit: bool) -> Iterator[bytes]:
    for dataset in items.datasets:
        content = b"".join(canonical(dataset, explicit))
        yield struct.pack("<HHL", ITEM >> 16, ITEM & 0xFFFF, len(content)) + content


@lru_cache(maxsize=4096)
def _dictionary_vr(tag: int) -> str:
    """VR of the data dictionary; where it leaves a choice, the one that fits every length; UN if it has none."""
    if (tag >> 16) % 2:
        return "UN"
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return "UN"
    return "OW" if "OW" in vr else vr[:2]


class _Parser:
    def __init__(self, data: memoryview) -> None:
        self._data = data

    def dataset(
        self, at: int, end: int, explicit: bool, depth: int, delimited: bool = False
    ) -> tuple[tuple[Element, ...], int]:
        """Elements from `at` to `end`, or to the item delimiter if `delimited`; and where they end."""
        if depth > MAX_DEPTH:
            raise NotParsable("The dataset is nested too deeply.")
        elements: list[Element] = []
        while at < end or delimited:
            tag = self._tag(at, end)
            if tag == ITEM_END and (delimited or (depth and at + 8 == end)):  # some close what says its length too
                return _sorted(elements), self._skip(at, 8, end)
            vr, at, length = self._header(tag, at, end, explicit)
            value, at = self._element_value(tag, vr, at, end, length, explicit, depth)
            if tag & 0xFFFF and tag not in (LENGTH_TO_END, TRAILING_PADDING):
                elements.append(Element(tag, _dictionary_vr(tag), value))
        return _sorted(elements), at

    def _tag(self, at: int, end: int) -> int:
        self._skip(at, 8, end)
        group, element = struct.unpack_from("<HH", self._data, at)
        tag: int = group << 16 | element
        return tag

    def _header(self, tag: int, at: int, end: int, explicit: bool) -> tuple[str, int, int]:
        """VR the file states ("" if none), where the value starts and how long it says it is."""
        if tag >> 16 == ITEM >> 16:
            raise NotParsable("The dataset holds an item outside of a sequence.")
        if not explicit:
            return "", at + 8, struct.unpack_from("<L", self._data, at + 4)[0]
        vr = bytes(self._data[at + 4 : at + 6]).decode("latin-1")
        if vr in EXPLICIT_VR_LENGTH_16:
            return vr, at + 8, struct.unpack_from("<H", self._data, at + 6)[0]
        if vr not in EXPLICIT_VR_LENGTH_32:
            raise NotParsable(f"Element ({tag >> 16:04x},{tag & 0xFFFF:04x}) has no valid VR.")
        self._skip(at, 12, end)
        return vr, at + 12, struct.unpack_from("<L", self._data, at + 8)[0]

    def _element_value(
        self, tag: int, vr: str, at: int, end: int, length: int, explicit: bool, depth: int
    ) -> tuple[memoryview | Items | Fragments, int]:
        if length == UNDEFINED:
            if tag == PIXEL_DATA and vr:
                return self._fragments(at, end)
            if vr in ("", "SQ", "UN"):
                return self._sequence(at, end, explicit, depth, delimited=True)
            return self._items_or_fragments(at, end, depth)
        stop = self._skip(at, length, end)
        known = _dictionary_vr(tag)
        if vr == "SQ" or (known == "SQ" and vr in ("", "UN")):
            return self._sequence(at, stop, explicit, depth)[0], stop
        if known == "UN" and length >= 8 and self._tag(at, stop) == ITEM:
            return self._items_or_bytes(at, stop, depth), stop
        return self._data[at:stop], stop

    def _items_or_bytes(self, at: int, stop: int, depth: int) -> memoryview | Items:
        """A private value that looks like items is read as items: its implicit copy does not say SQ any more."""
        try:
            return self._sequence(at, stop, False, depth)[0]
        except NotParsable:
            return self._data[at:stop]

    def _items_or_fragments(self, at: int, end: int, depth: int) -> tuple[Items | Fragments, int]:
        """A private value of undefined length that is called bytes: its items are datasets, or bytes indeed."""
        try:
            return self._sequence(at, end, True, depth, delimited=True)
        except NotParsable:
            return self._fragments(at, end)

    def _sequence(self, at: int, end: int, explicit: bool, depth: int, delimited: bool = False) -> tuple[Items, int]:
        datasets: list[tuple[Element, ...]] = []
        while at < end or delimited:
            tag, length, at = self._item_header(at, end)
            if tag == SEQUENCE_END and (delimited or at == end):
                return Items(tuple(datasets)), at
            if tag != ITEM:
                raise NotParsable("A sequence holds something that is no item.")
            open_ended = length == UNDEFINED
            stop = end if open_ended else self._skip(at, length, end)
            shown = explicit and self._shows_vr(at)
            dataset, at = self.dataset(at, stop, shown, depth + 1, delimited=open_ended)
            datasets.append(dataset)
        return Items(tuple(datasets)), at

    def _shows_vr(self, at: int) -> bool:
        """Whether the element at `at` is explicit: items in UN must not be (CP-246), and some in SQ are not."""
        return bytes(self._data[at + 4 : at + 6]).decode("latin-1") in VR

    def _fragments(self, at: int, end: int) -> tuple[Fragments, int]:
        start = at
        while True:
            tag, length, at = self._item_header(at, end)
            if tag == SEQUENCE_END:
                return Fragments(self._data[start:at]), at
            if tag != ITEM:
                raise NotParsable("Compressed pixel data holds something that is no fragment.")
            at = self._skip(at, length, end)

    def _item_header(self, at: int, end: int) -> tuple[int, int, int]:
        tag = self._tag(at, end)
        return tag, struct.unpack_from("<L", self._data, at + 4)[0], at + 8

    def _skip(self, at: int, length: int, end: int) -> int:
        if at + length > end:
            raise NotParsable("The dataset ends before its last element does.")
        return at + length


def _sorted(elements: list[Element]) -> tuple[Element, ...]:
    return tuple(sorted(elements, key=lambda element: element.tag))
