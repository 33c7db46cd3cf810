"""Pixel data with bounded memory: how much there must be, and decoding that never makes more than that."""

import struct
from collections.abc import Iterator

import numpy as np
from pydicom.encaps import generate_frames
from pydicom.uid import UID

from stream.dicom.reading.decoder import DECODERS
from stream.dicom.reading.pixel_format import NotDecodable, PixelFormat
from stream.dicom.reading.sop_classes import COMPRESSED

MAX_DECODED_BYTES = 2**31
"""Most bytes one object may decode to: a whole-body series as one multi-frame object stays below 1 GiB; more would
take a worker on a small machine down together with everything else it has in hand."""

MAX_FRAME_BYTES = 2**28
"""Most bytes of one frame: a frame is decoded in one piece, and digital mammograms, the largest in use, take 60 MiB."""


def stored_frames(encoded: bytes, form: PixelFormat, syntax: UID) -> Iterator[np.ndarray]:
    """Frames (rows, columns) of pixel data of one sample a pixel as stored, one at a time; raises NotDecodable."""
    if max(form.native_bytes, form.rows * form.columns * form.frames) > MAX_DECODED_BYTES:
        raise NotDecodable("The pixel data would take more memory than one object may.")
    frames = decoded_frames(encoded, form, syntax) if syntax in COMPRESSED else _native(encoded, form, syntax)
    unused = form.bits_allocated - form.bits_stored
    for frame in frames:
        # Bits above the stored ones may hold anything (PS3.5 8.1.1): shifted out, and back with the sign.
        yield frame << unused >> unused if unused else frame


def _native(encoded: bytes, form: PixelFormat, syntax: UID) -> Iterator[np.ndarray]:
    spare = len(encoded) - form.native_bytes
    if spare not in (0, 1) or form.bits_allocated not in (1, 8, 16):  # values have an even length (PS3.5 7.1.1)
        raise NotDecodable("The pixel data is not what the header says.")
    pixels = form.rows * form.columns
    order, number = "<" if syntax.is_little_endian else ">", "i" if form.signed else "u"
    kind = "u1" if form.bits_allocated == 1 else f"{order}{number}{form.bits_allocated // 8}"
    data = np.frombuffer(encoded, dtype=kind, count=form.native_bytes // np.dtype(kind).itemsize)
    for frame in range(form.frames):
        start, stop = frame * pixels, (frame + 1) * pixels
        if form.bits_allocated == 1:  # packed without gaps: a frame may start within a byte
            bits = np.unpackbits(data[start // 8 : -(-stop // 8)], bitorder="little")
            yield bits[start % 8 : start % 8 + pixels].reshape(form.rows, form.columns)
        else:
            yield data[start:stop].reshape(form.rows, form.columns)


def decoded_frames(encoded: bytes | memoryview, form: PixelFormat, transfer_syntax: str) -> Iterator[np.ndarray]:
    """Frames (rows, columns) of compressed grayscale pixel data, one at a time, a byte for each single bit.

    Raises NotDecodable where a frame is missing, broken or would decode to more than the header says.
    """
    known = form.samples == 1 and form.bits_allocated in (1, 8, 16) and transfer_syntax in COMPRESSED
    if not known or not 0 < form.decoded_bytes <= MAX_FRAME_BYTES:
        raise NotDecodable("Pixel data of this kind is not decoded.")
    try:
        _check_codestreams(encoded, form)
    except (ValueError, struct.error):
        raise NotDecodable("The compressed pixel data is damaged.") from None
    kind = np.dtype(f"<{'i' if form.signed else 'u'}{max(1, form.bits_allocated // 8)}")
    for frame in DECODERS.frames(encoded, form, transfer_syntax):
        yield np.frombuffer(frame, kind).reshape(form.rows, form.columns)


def _check_codestreams(encoded: bytes | memoryview, form: PixelFormat) -> None:
    """A compressed frame states its own size: decoders allocate by that one, so it must be the header's."""
    count = 0
    for frame in generate_frames(bytes(encoded), number_of_frames=form.frames):
        count += 1
        size = _codestream_size(frame)
        if size and size != (form.rows, form.columns):
            raise NotDecodable("A compressed frame has another size than the header says.")
    if count != form.frames:
        raise NotDecodable("The number of frames is not the one the header says.")


def _codestream_size(frame: bytes) -> tuple[int, int] | None:
    """(rows, columns) that a JPEG, JPEG-LS or JPEG 2000 codestream states; None for RLE, which states none."""
    if frame[:4] == b"\xff\x4f\xff\x51":  # SOC, SIZ: ISO 15444-1 A.5.1
        x, y, x0, y0 = struct.unpack_from(">4L", frame, 8)
        return y - y0, x - x0
    if frame[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(frame):  # segments up to the start of frame: ISO 10918-1 B.2.2
        marker, length = struct.unpack_from(">HH", frame, at)
        if marker in (0xFFC0, 0xFFC1, 0xFFC2, 0xFFC3, 0xFFF7):
            return struct.unpack_from(">HH", frame, at + 5)
        at += 2 + length
    raise NotDecodable("A compressed frame states no size.")
