"""Decodes compressed frames in a process of its own, run as a script: a damaged frame can crash it and nothing else.

Requests come on stdin: a line of JSON (pydicom's options, transfer_syntax, frame_bytes, seconds, length), then `length`
bytes. A request that is not answered within its seconds ends the process.
Answers go to stdout: per frame `F` and its native bytes, a byte for each single bit, then `.`; or `E` in place of the
first frame that fails.
"""

import json
import os
import resource
import signal
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.encaps import generate_frames
from pydicom.pixels import get_decoder

SPARE_BYTES = 2**30  # for decoding one frame, in several copies of at most a quarter of this
RLE, DEFLATED_FRAMES = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1"
PLUGINS = {
    "1.2.840.10008.1.2.4.90": "pylibjpeg",  # JPEG 2000
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
    "1.2.840.10008.1.2.4.50": "pylibjpeg",  # JPEG
    "1.2.840.10008.1.2.4.51": "pylibjpeg",
    "1.2.840.10008.1.2.4.57": "pylibjpeg",  # JPEG lossless
    "1.2.840.10008.1.2.4.70": "pylibjpeg",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    RLE: "pylibjpeg",
}
"""By transfer syntax the decoder that reads all bit depths fastest."""


def main() -> None:
    """Answer requests until stdin ends."""
    _limit_memory()
    for line in sys.stdin.buffer:
        options = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, options.pop("seconds"))  # its signal ends also what never comes back
        encoded = sys.stdin.buffer.read(options.pop("length"))
        try:
            _answer(encoded, options.pop("transfer_syntax"), options.pop("frame_bytes"), options)
        except BaseException:  # decoders raise what they like, Rust panics among it
            sys.stdout.buffer.write(b"E")
        sys.stdout.buffer.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


def _answer(encoded: bytes, transfer_syntax: str, frame_bytes: int, options: dict[str, Any]) -> None:
    for frame in _frames(encoded, transfer_syntax, frame_bytes, options):
        if len(frame) != frame_bytes:
            raise ValueError("the frame has another size than the header says")
        sys.stdout.buffer.write(b"F" + frame)
    sys.stdout.buffer.write(b".")


def _frames(encoded: bytes, transfer_syntax: str, frame_bytes: int, options: dict[str, Any]) -> Iterator[bytes]:
    single_bit = options["bits_allocated"] == 1
    if transfer_syntax == DEFLATED_FRAMES:
        yield from _inflated(encoded, frame_bytes, single_bit, options["number_of_frames"])
    elif single_bit and transfer_syntax == RLE:
        yield from _single_bits_of_rle(encoded, frame_bytes, options)
    elif single_bit:
        yield from _decoded(encoded, transfer_syntax, options | {"bits_allocated": 8, "bits_stored": 8})
    else:
        yield from _decoded(encoded, transfer_syntax, options)


def _decoded(encoded: bytes, transfer_syntax: str, options: dict[str, Any]) -> Iterator[bytes]:
    decoder, plugin = get_decoder(transfer_syntax), PLUGINS[transfer_syntax]
    return (frame.tobytes() for frame, _ in decoder.iter_array(encoded, raw=True, decoding_plugin=plugin, **options))


def _inflated(encoded: bytes, frame_bytes: int, single_bit: bool, frames: int) -> Iterator[bytes]:
    """PS3.5 A.4.13: each frame deflated as it is when native, single bits packed and filled up to a byte."""
    native = -(-frame_bytes // 8) if single_bit else frame_bytes
    for deflated in generate_frames(encoded, number_of_frames=frames):
        frame = zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated, native + 2)
        if len(frame) not in (native, native + native % 2):
            raise ValueError("the frame has another size than the header says")
        yield _unpacked(frame, frame_bytes) if single_bit else frame[:native]


def _single_bits_of_rle(encoded: bytes, pixels: int, options: dict[str, Any]) -> Iterator[bytes]:
    """Writers disagree on what is run-length encoded: a byte per pixel, or eight pixels packed into each byte."""
    for size in (pixels, -(-pixels // 8)):
        frames = _decoded(encoded, RLE, options | {"rows": 1, "columns": size, "bits_allocated": 8, "bits_stored": 8})
        with suppress(Exception):
            frames = chain([next(frames)], frames)
            return (frame if size == pixels else _unpacked(frame, pixels) for frame in frames)
    raise ValueError("the frame has another size than the header says")


def _unpacked(packed: bytes, pixels: int) -> bytes:
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=pixels, bitorder="little").tobytes()


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
