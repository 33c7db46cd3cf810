"""Strict parsing of an encoded dataset into elements, and their one canonical encoding (PS3.5 sections 7 and A.2)."""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from pydicom.datadict import dictionary_VR
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32, STR_VR

VR = {vr.encode(): str(vr) for vr in EXPLICIT_VR_LENGTH_16 | EXPLICIT_VR_LENGTH_32}
LONG = frozenset(map(str, EXPLICIT_VR_LENGTH_32))
WITHOUT_ITEMS = frozenset(VR.values()) - {"SQ", "UN"}
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA, LENGTH_TO_END, TRAILING_PADDING = 0x7FE00010, 0x00080001, 0xFFFCFFFC
MAX_DEPTH = 32  # real reports nest below 15; deeper ones are made to exhaust the stack

MAX_OF_ONE = 20_000
"""Most elements of one dataset or item: the dictionary has 5,000, and vendors add some hundreds."""

ITEM_COSTS = 5
"""An item is a dataset of its own to whoever reads the file later: it counts as so many elements."""

OFTEN = 2000
"""After so many elements who reads says that it goes on: some ten milliseconds."""

MAX_NESTED_BYTES = 2**27
"""Most bytes of all items together: those of 5,000 frames take some ten million."""


class NotParsable(Exception):
    """The bytes are no dataset, or end before it does; the text carries no value from them."""


class TooLarge(Exception):
    """It may be a dataset, but reading it would take more than one object is given; the text says what of."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """Encapsulated pixel data: offset table, compressed fragments and delimiter as they came (PS3.5 A.4)."""

    encoded: memoryview


class Element(NamedTuple):
    """One data element; `vr` is the dictionary's, UN for private and unknown tags, whatever the file says.

    Of a sequence the value is the canonical encoding of its items, as bytes.
    """

    tag: int
    vr: str
    value: memoryview | bytes | Fragments


def parse(data: memoryview, explicit: bool, most: int, goes_on: Callable[[], None]) -> list[Element]:
    """Elements of a little-endian dataset by ascending tag, without group lengths; calls `goes_on` now and then.

    Raises NotParsable if it is cut short, TooLarge if it has more than `most` elements, those of items and the
    fragments of pixel data included.
    """
    return _Parser(data, most, goes_on).dataset(0, len(data), explicit, as_explicit=True, depth=0)[0]


def canonical(elements: Iterable[Element], explicit: bool = True) -> Iterator[bytes | memoryview]:
    """Pieces of the one encoding that every encoding of the same content shares.

    Explicit VR Little Endian, defined lengths, values padded to even length; a UN value that holds items is implicit,
    as PS3.5 6.2.2 asks. Encapsulated pixel data keeps its fragments.
    """
    for element in elements:
        if isinstance(element.value, Fragments):
            yield header(element.tag, "OB", UNDEFINED, explicit)
            yield element.value.encoded
            continue
        value = element.value if isinstance(element.value, bytes) else _padded(element.vr, element.value)
        yield header(element.tag, element.vr, len(value), explicit)
        yield value


def header(tag: int, vr: str, length: int, explicit: bool = True) -> bytes:
    """Tag, VR and length as they precede a value."""
    group, element = tag >> 16, tag & 0xFFFF
    if not explicit:
        return struct.pack("<HHL", group, element, length)
    if vr not in LONG and length > 0xFFFF:
        vr = "UN"  # PS3.5 6.2.2: a value too long for the length field of its VR
    if vr in LONG:
        return struct.pack("<HH2sHL", group, element, vr.encode(), 0, length)
    return struct.pack("<HH2sH", group, element, vr.encode(), length)


def _padded(vr: str, value: memoryview) -> bytes | memoryview:
    if vr in STR_VR:
        text = bytes(value).rstrip(b" \0")
        return text + (b"\0" if vr == "UI" else b" ") * (len(text) % 2)
    return bytes(value) + b"\0" if len(value) % 2 else value


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
    """`as_explicit`: whether the canonical encoding of what is read states VRs."""

    def __init__(self, data: memoryview, most: int, goes_on: Callable[[], None]) -> None:
        self._data = data
        self._most = self._left = self._told = most
        self._goes_on = goes_on
        self._nested = 0

    def dataset(
        self, at: int, end: int, explicit: bool, as_explicit: bool, depth: int, delimited: bool = False
    ) -> tuple[list[Element], int]:
        """Elements from `at` to `end`, or to the item delimiter if `delimited`; and where they end."""
        if depth > MAX_DEPTH:
            raise NotParsable("The dataset is nested too deeply.")
        elements: list[Element] = []
        while at < end or delimited:
            tag, length = self._tag(at, end)
            if tag == ITEM_END and (delimited or (depth and at + 8 == end)):  # some close what says its length too
                return _sorted(elements), self._skip(at, 8, end)
            self._count(1)
            vr, at, length = self._header(tag, at, end, length, explicit)
            known = _dictionary_vr(tag)
            if known in WITHOUT_ITEMS and vr != "SQ" and at + length <= end:
                value: memoryview | bytes | Fragments = self._data[at : at + length]
                at += length
            else:
                value, at = self._element_value(tag, vr, at, end, length, explicit, as_explicit, depth)
            if tag & 0xFFFF and tag not in (LENGTH_TO_END, TRAILING_PADDING):
                elements.append(Element(tag, known, value))
                if len(elements) > MAX_OF_ONE:
                    raise TooLarge(f"A dataset or item has more than {MAX_OF_ONE} elements.")
        return _sorted(elements), at

    def _count(self, elements: int) -> None:
        self._left -= elements
        if self._left < 0:
            raise TooLarge(f"There are more than {self._most} elements.")
        if self._told - self._left >= OFTEN:
            self._told = self._left
            self._goes_on()

    def _tag(self, at: int, end: int) -> tuple[int, int]:
        """The tag at `at`, and the four bytes after it as a length."""
        self._skip(at, 8, end)
        group, element, length = struct.unpack_from("<HHL", self._data, at)
        return group << 16 | element, length

    def _header(self, tag: int, at: int, end: int, length: int, explicit: bool) -> tuple[str, int, int]:
        """VR the file states ("" if none), where the value starts and how long it says it is."""
        if tag >> 16 == ITEM >> 16:
            raise NotParsable("The dataset holds an item outside of a sequence.")
        if not explicit:
            return "", at + 8, length
        vr = VR.get(bytes(self._data[at + 4 : at + 6]))
        if vr is None:
            raise NotParsable(f"Element ({tag >> 16:04x},{tag & 0xFFFF:04x}) has no valid VR.")
        if vr not in LONG:
            return vr, at + 8, length >> 16
        self._skip(at, 12, end)
        return vr, at + 12, struct.unpack_from("<L", self._data, at + 8)[0]

    def _element_value(
        self, tag: int, vr: str, at: int, end: int, length: int, explicit: bool, as_explicit: bool, depth: int
    ) -> tuple[memoryview | bytes | Fragments, int]:
        known = _dictionary_vr(tag)
        as_explicit = as_explicit and known == "SQ"
        if length == UNDEFINED:
            if tag == PIXEL_DATA and vr:
                return self._fragments(at, end)
            if vr in ("", "SQ", "UN"):
                return self._sequence(at, end, explicit, as_explicit, depth, delimited=True)
            return self._items_or_fragments(at, end, as_explicit, depth)
        stop = self._skip(at, length, end)
        if vr == "SQ" or (known == "SQ" and vr in ("", "UN")):
            return self._sequence(at, stop, explicit, as_explicit, depth)[0], stop
        if known == "UN" and length >= 8 and self._tag(at, stop)[0] == ITEM:
            return self._items_or_bytes(at, stop, as_explicit, depth), stop
        return self._data[at:stop], stop

    def _items_or_bytes(self, at: int, stop: int, as_explicit: bool, depth: int) -> memoryview | bytes:
        """A private value that looks like items is read as items: its implicit copy does not say SQ any more."""
        try:
            return self._sequence(at, stop, False, as_explicit, depth)[0]
        except NotParsable:
            return self._data[at:stop]

    def _items_or_fragments(
        self, at: int, end: int, as_explicit: bool, depth: int
    ) -> tuple[memoryview | bytes | Fragments, int]:
        """A private value of undefined length that is called bytes: its items are datasets, or bytes indeed."""
        try:
            return self._sequence(at, end, True, as_explicit, depth, delimited=True)
        except NotParsable:
            return self._fragments(at, end)

    def _sequence(
        self, at: int, end: int, explicit: bool, as_explicit: bool, depth: int, delimited: bool = False
    ) -> tuple[bytes, int]:
        """The items in their canonical encoding, and where they end."""
        encoded = bytearray()
        while at < end or delimited:
            tag, length = self._tag(at, end)
            at += 8
            if tag == SEQUENCE_END and (delimited or at == end):
                break
            if tag != ITEM:
                raise NotParsable("A sequence holds something that is no item.")
            self._count(ITEM_COSTS)
            open_ended = length == UNDEFINED
            stop = end if open_ended else self._skip(at, length, end)
            shown = explicit and self._shows_vr(at)
            dataset, at = self.dataset(at, stop, shown, as_explicit, depth + 1, delimited=open_ended)
            item = b"".join(canonical(dataset, as_explicit))
            encoded += struct.pack("<HHL", ITEM >> 16, ITEM & 0xFFFF, len(item)) + item
            if self._nested + len(encoded) > MAX_NESTED_BYTES:
                raise TooLarge(f"The sequences are larger than {MAX_NESTED_BYTES >> 20} MiB.")
        self._nested += len(encoded) if depth == 0 else 0
        return bytes(encoded), at

    def _shows_vr(self, at: int) -> bool:
        """Whether the element at `at` is explicit: items in UN must not be (CP-246), and some in SQ are not."""
        return bytes(self._data[at + 4 : at + 6]) in VR

    def _fragments(self, at: int, end: int) -> tuple[Fragments, int]:
        start = at
        while True:
            tag, length = self._tag(at, end)
            at += 8
            if tag == SEQUENCE_END:
                return Fragments(self._data[start:at]), at
            if tag != ITEM:
                raise NotParsable("Compressed pixel data holds something that is no fragment.")
            self._count(1)
            at = self._skip(at, length, end)

    def _skip(self, at: int, length: int, end: int) -> int:
        if at + length > end:
            raise NotParsable("The dataset ends before its last element does.")
        return at + length


def _sorted(elements: list[Element]) -> list[Element]:
    elements.sort(key=itemgetter(0))
    return elements
