"""What a dataset says apart from how it is encoded: one hash for every transfer syntax, and whether it is whole."""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from stream.dicom.gateway.encoding import (
    PIXEL_DATA,
    Element,
    Fragments,
    NotParsable,
    TooLarge,
    canonical,
    header,
    parse,
)
from stream.dicom.gateway.limits import ObjectLimits
from stream.dicom.reading.pixel_format import NotDecodable, PixelFormat
from stream.dicom.reading.pixels import MAX_DECODED_BYTES, decoded_frames
from stream.dicom.reading.sop_classes import LOSSLESS
from stream.errors import Refuse

CANNOT_UNDERSTAND = 0xC000  # PS3.4 B.2.3
ORDINARY = ObjectLimits()

Values = Mapping[int, memoryview | bytes | Fragments]


@dataclass(frozen=True)
class DatasetContent:
    """Identity of a dataset: the sha256 (hex) of its content, and the UIDs it carries ("" where it has none)."""

    sha256: str
    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str


def read_content(
    encoded: bytes | memoryview,
    transfer_syntax: str,
    limits: ObjectLimits = ORDINARY,
    goes_on: Callable[[], None] = lambda: None,
) -> DatasetContent:
    """Content of a dataset as received (no file meta); `goes_on` is called again and again while it is read.

    Refuse(0xC000) if it is cut short, no dataset at all, or beyond the limits.
    """
    try:
        deflated = transfer_syntax == DeflatedExplicitVRLittleEndian
        data = _inflated(encoded, limits.inflated_bytes) if deflated else encoded
        elements = parse(memoryview(data), transfer_syntax != ImplicitVRLittleEndian, limits.elements, goes_on)
        values = _values(elements)
        _check_pixel_data(elements, values)
    except (NotParsable, TooLarge) as error:
        raise Refuse(CANNOT_UNDERSTAND, str(error)) from None
    return DatasetContent(_content_sha256(elements, transfer_syntax), *(_text(values, tag) for tag in _UIDS))


_UIDS = (0x00080016, 0x00080018, 0x0020000D)  # SOP Class, SOP Instance, Study Instance UID


def _inflated(encoded: bytes | memoryview, most: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(encoded, most)
    except zlib.error:
        raise NotParsable("The deflated dataset is damaged.") from None
    if inflater.unconsumed_tail:
        raise TooLarge(f"The deflated dataset is larger than {most >> 20} MiB.")
    if not inflater.eof:
        raise NotParsable("The deflated dataset is cut short.")
    return data


def _values(elements: list[Element]) -> Values:
    """Values by tag; of a tag that is there twice, which no dataset should have, the first."""
    return {element.tag: element.value for element in reversed(elements)}


def _check_pixel_data(elements: list[Element], values: Values) -> None:
    if not elements:
        raise NotParsable("The dataset is empty.")
    pixels = [element.value for element in elements if element.tag == PIXEL_DATA]
    if len(pixels) > 1:
        raise NotParsable("The dataset holds pixel data twice.")
    for native in pixels:
        if isinstance(native, memoryview) and len(native) < _pixel_format(values).native_bytes:
            raise NotParsable("The pixel data is shorter than rows, columns and frames say.")


def _content_sha256(elements: list[Element], transfer_syntax: str) -> str:
    """Hash over the canonical encoding; losslessly compressed pixels count as what they decode to.

    Where pixels are lossy, in colour or do not decode, the compressed bytes themselves count.
    """
    if transfer_syntax in LOSSLESS:
        try:
            return _sha256(_with_native_pixels(elements, transfer_syntax))
        except NotDecodable:
            pass
    return _sha256(canonical(elements))


def _sha256(pieces: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _with_native_pixels(elements: list[Element], transfer_syntax: str) -> Iterator[bytes | memoryview]:
    form = _pixel_format(_values(elements))
    if form.native_bytes > MAX_DECODED_BYTES:
        raise NotDecodable("The pixel data is too large to be decoded.")
    for element in elements:
        if element.tag != PIXEL_DATA or not isinstance(element.value, Fragments):
            yield from canonical((element,))
            continue
        padding = form.native_bytes % 2
        yield header(element.tag, element.vr, form.native_bytes + padding)
        frames = decoded_frames(element.value.encoded, form, transfer_syntax)
        native = _packed(frames) if form.bits_allocated == 1 else (frame.tobytes() for frame in frames)
        yield from chain(native, [b"\0" * padding])


def _packed(frames: Iterable[np.ndarray]) -> Iterator[bytes]:
    """Frames of single bits as they are when native: one after the other without gaps (PS3.5 8.1.1)."""
    rest = np.zeros(0, np.uint8)
    for frame in frames:
        bits = np.concatenate([rest, frame.ravel()])
        whole = bits.size - bits.size % 8
        yield np.packbits(bits[:whole], bitorder="little").tobytes()
        rest = bits[whole:]
    yield np.packbits(rest, bitorder="little").tobytes()


def _pixel_format(values: Values) -> PixelFormat:
    bits = _number(values, 0x00280100)
    return PixelFormat(
        rows=_number(values, 0x00280010),
        columns=_number(values, 0x00280011),
        samples=_number(values, 0x00280002) or 1,
        frames=_count(_text(values, 0x00280008)),
        bits_allocated=bits,
        bits_stored=_number(values, 0x00280101) or bits,
        signed=bool(_number(values, 0x00280103)),
        photometric=_text(values, 0x00280004),
    )


def _bytes(values: Values, tag: int) -> bytes:
    value = values.get(tag)
    return bytes(value) if isinstance(value, memoryview) else b""


def _text(values: Values, tag: int) -> str:
    return _bytes(values, tag).decode("latin-1").strip(" \0")


def _number(values: Values, tag: int) -> int:
    return int.from_bytes(_bytes(values, tag)[:2], "little")


def _count(text: str) -> int:
    """Number of Frames; one where it is missing."""
    if text and not text.isdecimal():
        raise NotParsable("The number of frames is no number.")
    return int(text or 1)
