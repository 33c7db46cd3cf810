"""Pixel data with bounded memory: how much there must be, and decoding that never makes more than that."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import get_decoder
from pydicom.uid import UID, JPEG2000Lossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

PLUGINS = {
    JPEG2000Lossless: "pylibjpeg",
    JPEGLossless: "pylibjpeg",
    JPEGLosslessSV1: "pylibjpeg",
    JPEGLSLossless: "pyjpegls",
    RLELossless: "pylibjpeg",
}
"""Transfer syntaxes that always give back every bit, each with the decoder that reads all bit depths fastest."""

MAX_DECODED_BYTES = 2**31
"""Most bytes one object may decode to: a whole-body series as one multi-frame object stays below 1 GiB; more would
take a worker on a small machine down together with everything else it has in hand."""

MAX_FRAME_BYTES = 2**28
"""Most bytes of one frame: a frame is decoded in one piece, and digital mammograms, the largest in use, take 60 MiB."""


class NotDecodable(Exception):
    """The pixel data is not what the header promises; the text carries no value from it."""


@dataclass(frozen=True)
class PixelFormat:
    """The attributes of PS3.3 C.7.6.3 that say how pixel data is laid out."""

    rows: int
    columns: int
    samples: int
    frames: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str

    @classmethod
    def of(cls, dataset: Dataset) -> "PixelFormat":
        """Format of a pydicom dataset; zero rows where it has no pixel module."""
        bits = int(dataset.get("BitsAllocated") or 0)
        return cls(
            rows=int(dataset.get("Rows") or 0),
            columns=int(dataset.get("Columns") or 0),
            samples=int(dataset.get("SamplesPerPixel") or 1),
            frames=int(dataset.get("NumberOfFrames") or 1),
            bits_allocated=bits,
            bits_stored=int(dataset.get("BitsStored") or bits),
            signed=bool(dataset.get("PixelRepresentation")),
            photometric=str(dataset.get("PhotometricInterpretation") or ""),
        )

    @property
    def frame_bytes(self) -> int:
        """Bytes of one native frame, rounded up."""
        return -(-self._frame_bits // 8)

    @property
    def native_bytes(self) -> int:
        """Bytes of all frames when native; frames of single bits follow each other without gaps (PS3.5 8.1.1)."""
        return -(-self._frame_bits * self.frames // 8)

    @property
    def _frame_bits(self) -> int:
        bits = self.rows * self.columns * self.samples * self.bits_allocated
        return bits * 2 // 3 if self.photometric == "YBR_FULL_422" else bits


def decoded_frames(encoded: bytes | memoryview, form: PixelFormat, transfer_syntax: str) -> Iterator[np.ndarray]:
    """Frames (rows, columns) of losslessly compressed grayscale pixel data, one at a time.

    Raises NotDecodable where a frame is missing, broken or would decode to more than the header says.
    """
    if form.samples != 1 or transfer_syntax not in PLUGINS or form.frame_bytes > MAX_FRAME_BYTES:
        raise NotDecodable("Pixel data of this kind is not decoded.")
    try:
        _check_codestreams(encoded, form)
        yield from _decode(encoded, form, transfer_syntax)
    except NotDecodable:
        raise
    except Exception as error:  # decoders raise what they like
        raise NotDecodable(f"The pixel data does not decode ({type(error).__name__}).") from None


def _decode(encoded: bytes | memoryview, form: PixelFormat, transfer_syntax: str) -> Iterator[np.ndarray]:
    arrays = get_decoder(UID(transfer_syntax)).iter_array(
        bytes(encoded),
        raw=True,
        decoding_plugin=PLUGINS[UID(transfer_syntax)],
        rows=form.rows,
        columns=form.columns,
        samples_per_pixel=1,
        number_of_frames=form.frames,
        bits_allocated=form.bits_allocated,
        bits_stored=form.bits_stored,
        pixel_representation=int(form.signed),
        photometric_interpretation=form.photometric,
        pixel_keyword="PixelData",
    )
    for array, _ in arrays:
        yield array


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
