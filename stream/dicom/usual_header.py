"""Headers of usual files, told apart into elements in a third of pydicom's time; what they hold is still read by it.

Most elements of a slice are asked for by nobody. Here each is a tag, a VR and bytes, as pydicom keeps what it was not
asked for yet. Whatever is out of the ordinary is left to pydicom, from its first byte.
"""

import re
import struct
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from pydicom import Dataset
from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element, empty_value_for_VR
from pydicom.filereader import read_sequence
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32, VR

MOST_BYTES = 2**16
"""Read at once: a slice has 3 to 20 KB before its pixels."""

PREAMBLE = 128
UNDEFINED = 0xFFFFFFFF
GROUP_LENGTH, TRANSFER_SYNTAX, CHARACTER_SET = 0x00020000, 0x00020010, 0x00080005
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
SYNTAXES = frozenset(AllTransferSyntaxes) - {ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
SHORT = {vr.encode(): str(vr) for vr in EXPLICIT_VR_LENGTH_16}
LONG = {vr.encode(): str(vr) for vr in EXPLICIT_VR_LENGTH_32}

EMPTY: dict[str | None, bytes] = {str(vr): b"" for vr in VR if empty_value_for_VR(vr, raw=True) is not None}
"""What pydicom keeps of a value without bytes; nothing where the VR is a number's or not stated."""
PLAIN = re.compile(rb"[ -\[\]-~]*\0*")
"""Letters that every character set of DICOM has in the same places, and no backslash between values."""
TEXT = frozenset({"AE", "AS", "CS", "DA", "DT", "LO", "SH", "TM", "UI"})

Elements = dict[BaseTag, RawDataElement | DataElement]


class _Unusual(Exception):
    """pydicom knows what to do."""


def usual_header(path: Path) -> Dataset | None:
    """What stands before the pixel data of a file, as pydicom's `dcmread` says it (without file meta).

    None where the file is not of the usual kind, or has more before its pixels than is read at once.
    """
    with path.open("rb", buffering=0) as file:
        data = file.read(MOST_BYTES)
    try:
        start, explicit = _start(data)
        elements, _ = _Walk(data, explicit).elements(start, PIXELS.__contains__)
        dataset = Dataset(elements)
        dataset.set_original_encoding(not explicit, True, _encodings(elements))
    except (_Unusual, struct.error):
        return None
    return dataset


def usual_text(dataset: Dataset, keyword: str) -> str | None:
    """A value of letters, blanks and padding around it gone, "" where there is none; None: ask pydicom.

    An element of pydicom's is made of bytes by some twenty calls; of these most files need none.
    """
    tag, known = _named(keyword)
    element: object = dataset.get_item(tag)
    if element is None:
        return ""
    if not isinstance(element, RawDataElement) or (element.VR or known) not in TEXT:
        return None
    written = element.value
    return written.decode("ascii").strip(" \0") if written is not None and PLAIN.fullmatch(written) else None


def _start(data: bytes) -> tuple[int, bool]:
    """Where the dataset begins, and whether it states VRs (PS3.10 7.1)."""
    if data[PREAMBLE : PREAMBLE + 4] != b"DICM":
        raise _Unusual
    meta, at = _Walk(data, True).elements(PREAMBLE + 4, lambda tag: tag >> 16 != 2)
    length, syntax = _raw(meta, GROUP_LENGTH), _raw(meta, TRANSFER_SYNTAX)
    if length is None or syntax is None or (length.VR, length.length, syntax.VR) != ("UL", 4, "UI"):
        raise _Unusual
    stated = (syntax.value or b"").rstrip(b"\0 ").decode("latin-1")
    looks_explicit = data[at + 4 : at + 6].isalpha() and data[at + 4 : at + 6].isupper()
    explicit = stated != ImplicitVRLittleEndian
    if stated not in SYNTAXES or looks_explicit != explicit or data[at : at + 2] == b"\0\0":
        raise _Unusual
    return at, explicit


class _Walk:
    """Through the elements of one little-endian encoding; raises _Unusual, and struct.error where it ends too early."""

    def __init__(self, data: bytes, explicit: bool) -> None:
        self._data, self._explicit = data, explicit

    def elements(self, at: int, is_end: Callable[[int], bool]) -> tuple[Elements, int]:
        """Elements from `at` on, up to the first whose tag `is_end`, and where that one begins."""
        found: Elements = {}
        data, explicit, size = self._data, self._explicit, len(self._data)
        while at < size or size == MOST_BYTES:
            group, number, length = struct.unpack_from("<HHL", data, at)
            tag = group << 16 | number
            if is_end(tag):
                break
            vr = None
            begins = at + 8
            if explicit:
                if (vr := SHORT.get(data[at + 4 : at + 6])) is not None:
                    length >>= 16
                elif (vr := LONG.get(data[at + 4 : at + 6])) is not None:
                    (length,) = struct.unpack_from("<L", data, begins)
                    begins += 4
                else:
                    raise _Unusual
            if length == UNDEFINED:
                found[_tag(tag)], at = self._sequence(tag, vr, begins, _encodings(found))
                continue
            at = begins + length
            if at > size or group == 0xFFFE:
                raise _Unusual
            value = data[begins:at] if length else EMPTY.get(vr)
            found[_tag(tag)] = RawDataElement(_tag(tag), vr, length, value, begins, not explicit, True)
        return found, at

    def _sequence(self, tag: int, vr: str | None, at: int, encodings: str | list[str]) -> tuple[DataElement, int]:
        """One whose end is marked: pydicom reads it whole, here as there."""
        if (vr or _dictionary_vr(tag)) != "SQ":
            raise _Unusual
        file = BytesIO(self._data)
        file.seek(at)
        try:
            items = read_sequence(file, not self._explicit, True, UNDEFINED, encodings)
        except Exception:  # it raises what it likes
            raise _Unusual from None
        if file.tell() == MOST_BYTES:  # perhaps cut short by us
            raise _Unusual
        return DataElement(_tag(tag), "SQ", items, at, is_undefined_length=True), file.tell()


def _encodings(elements: Elements) -> str | list[str]:
    """How text is encoded by what is said so far."""
    stated = _raw(elements, CHARACTER_SET)
    if stated is None:
        return default_encoding
    if stated.VR not in (None, "CS"):
        raise _Unusual
    try:
        return convert_encodings(convert_raw_data_element(stated).value)
    except Exception:
        raise _Unusual from None


def _raw(elements: Elements, tag: int) -> RawDataElement | None:
    element = elements.get(_tag(tag))
    if isinstance(element, DataElement):
        raise _Unusual
    return element


def _dictionary_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        raise _Unusual from None


@lru_cache(maxsize=1024)
def _named(keyword: str) -> tuple[BaseTag, str]:
    tag = _tag(int(Tag(keyword)))
    return tag, dictionary_VR(tag)


_tag = lru_cache(maxsize=4096)(BaseTag)
"""Most files of all senders have the same few hundred."""
