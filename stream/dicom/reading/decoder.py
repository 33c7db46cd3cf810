"""The decoder of compressed frames: a child process that may crash, hang or run out of memory without harm to us."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from fcntl import F_SETPIPE_SZ, fcntl
from pathlib import Path
from queue import LifoQueue
from typing import IO

from stream.dicom.reading.pixel_format import NotDecodable, PixelFormat

DECODE_SECONDS = 120.0
"""One object must be decoded within this: 500 frames of JPEG 2000, the slowest, take 15 s; a frame made to keep a
decoder busy for ever must not."""

PIPE_BYTES = 2**20
"""A CT slice fits, compressed or not: neither side waits for the other in the middle of it."""

_SCRIPT = Path(__file__).with_name("decoder_child.py")


class Decoder:
    """Starts its child when first needed and again after a crash; one request at a time."""

    def __init__(self, seconds: float = DECODE_SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def frames(self, encoded: bytes | memoryview, form: PixelFormat, transfer_syntax: str) -> Iterator[bytes]:
        """Native bytes of every frame, a byte for each single bit; NotDecodable where one cannot be decoded."""
        with self._lock:
            child = self._running()
            answer = _Answer(child, form)
            try:
                _ask(child, encoded, form, transfer_syntax, self._seconds)
                yield from answer.frames()
            finally:
                if not answer.ended:  # what it has still to say belongs to nobody
                    self.stop()

    def stop(self) -> None:
        """End the child; the next request starts another."""
        if self._child:
            self._child.kill()
            with suppress(OSError):
                self._child.communicate()
        self._child = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            command = [sys.executable, "-P", str(_SCRIPT)]  # it ends with us: its stdin does
            pipe = subprocess.PIPE
            self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
            for end in (self._child.stdin, self._child.stdout):
                with suppress(OSError):  # more than this user may have: then it takes a little longer
                    fcntl(_pipe(end), F_SETPIPE_SZ, PIPE_BYTES)
        return self._child


class DecoderPool:
    """A few decoders, so that those who wait for one frame do not wait for each other; the one used last is next.

    While nobody asks at the same time there is one child.
    """

    def __init__(self, decoders: int) -> None:
        self._free: LifoQueue[Decoder] = LifoQueue()
        for _ in range(decoders):
            self._free.put(Decoder())

    def frames(self, encoded: bytes | memoryview, form: PixelFormat, transfer_syntax: str) -> Iterator[bytes]:
        """As of a decoder; waits while all are at work."""
        decoder = self._free.get()
        try:
            yield from decoder.frames(encoded, form, transfer_syntax)
        finally:
            self._free.put(decoder)


AT_ONCE = 2
"""Children that decode beside each other: two cores halve the time of a series; memory counts for each of them."""
DECODERS = DecoderPool(AT_ONCE)


def _ask(
    child: subprocess.Popen[bytes],
    encoded: bytes | memoryview,
    form: PixelFormat,
    transfer_syntax: str,
    seconds: float,
) -> None:
    request = {
        "seconds": seconds,
        "transfer_syntax": str(transfer_syntax),
        "length": len(encoded),
        "frame_bytes": form.decoded_bytes,
        "rows": form.rows,
        "columns": form.columns,
        "samples_per_pixel": form.samples,
        "number_of_frames": form.frames,
        "bits_allocated": form.bits_allocated,
        "bits_stored": form.bits_stored,
        "pixel_representation": int(form.signed),
        "photometric_interpretation": form.photometric,
        "pixel_keyword": "PixelData",
    }
    pipe = _pipe(child.stdin)
    try:
        pipe.write(json.dumps(request).encode() + b"\n")
        pipe.write(encoded)
        pipe.flush()
    except OSError:
        raise NotDecodable("The decoder ended.") from None


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise RuntimeError("the decoder was started without pipes")
    return end


class _Answer:
    """The frames a child sends back; `ended` once it has said all it has to say."""

    def __init__(self, child: subprocess.Popen[bytes], form: PixelFormat) -> None:
        self._pipe, self._form, self.ended = _pipe(child.stdout), form, False

    def frames(self) -> Iterator[bytes]:
        for _ in range(self._form.frames):
            mark = self._pipe.read(1)
            frame = self._pipe.read(self._form.decoded_bytes) if mark == b"F" else b""
            if len(frame) != self._form.decoded_bytes:
                self.ended = mark == b"E"
                raise NotDecodable("A compressed frame does not decode.")
            yield frame
        self.ended = self._pipe.read(1) == b"."
        if not self.ended:
            raise NotDecodable("The pixel data holds more frames than the header says.")
