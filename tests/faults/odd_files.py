"""Files that the door takes and that cost whoever reads them far more than all others."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from pydicom import uid

from tests.dicom.factories import Lesion, dataset_bytes, make_sr, save

LESIONS = 2_000
EMPTY_ITEMS = 190_000
"""Just within the million elements that the door lets in, of which an item counts five."""
REFERENCES, VALUES, DEEP, WIDE = 160_000, 900_000, 28, 5_000
IMAGES = 0x00081140


def empty_items() -> bytes:
    """A sequence of very many items that hold nothing."""
    return _sequence(IMAGES, _item(b"") * EMPTY_ITEMS)


def nested_items() -> bytes:
    """Sequences in sequences, as deep as is let in, many times."""
    content = b""
    for _ in range(DEEP):
        content = _sequence(IMAGES, _item(content))
    return _sequence(IMAGES, _item(content) * WIDE)


def many_references() -> bytes:
    """A report about more instances than any study has."""
    uids = (f"1.2.3.{number}".encode() for number in range(10**6, 10**6 + REFERENCES))
    return _sequence(IMAGES, b"".join(_item(_element(0x00081155, b"UI", one)) for one in uids))


def many_values() -> bytes:
    """Items of private elements, each with a word."""
    private = b"".join(_element(0x00110000 | number, b"LO", b"word") for number in range(0x1000, 0x1000 + 15_000))
    return _sequence(IMAGES, _item(private) * (VALUES // 15_000))


KINDS: tuple[Callable[[], bytes], ...] = (empty_items, nested_items, many_references, many_values)
MARK = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, 0)


def large_report(make: Callable[[], bytes], name: str, file: Path, deflated: bool = False) -> Path:
    """A report of a patient of this name that `make` makes so large; `deflated`: it comes as a small file."""
    report = make_sr(PatientID=name, ReferencedImageSequence=[])
    save(report, file, uid.DeflatedExplicitVRLittleEndian if deflated else uid.ExplicitVRLittleEndian)
    dataset = dataset_bytes(file)
    head = file.read_bytes().removesuffix(dataset)
    plain = zlib.decompress(dataset, -zlib.MAX_WBITS) if deflated else dataset
    before, found, after = plain.partition(MARK)
    assert found
    large = before + make() + after
    file.write_bytes(head + (_deflated(large) if deflated else large))
    return file


def giant_report(name: str, file: Path) -> Path:
    """More findings than a person reads in a year."""
    return save(make_sr([Lesion(identifier=f"lesion {n}") for n in range(LESIONS)], PatientID=name), file)


def odd_file(name: str, number: int, file: Path) -> Path:
    """One after the other of all of them, as they are and deflated."""
    kind, deflated = number % (2 * len(KINDS) + 1), number % 2 == 1
    return giant_report(name, file) if kind == 2 * len(KINDS) else large_report(KINDS[kind // 2], name, file, deflated)


def _sequence(tag: int, items: bytes) -> bytes:
    return struct.pack("<HH2sHL", tag >> 16, tag & 0xFFFF, b"SQ", 0, len(items)) + items


def _item(content: bytes) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(content)) + content


def _element(tag: int, vr: bytes, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def _deflated(plain: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(plain) + deflater.flush()
