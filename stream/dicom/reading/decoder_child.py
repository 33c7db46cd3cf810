"""Decodes compressed frames in a process of its own, run as a script: a damaged frame can crash it and nothing else.

Requests come on stdin: a line of JSON (pydicom's options, transfer_syntax, frame_bytes, length), then `length` bytes.
Answers go to stdout: per frame `F` and its native bytes, then `.`; or `E` in place of the first frame that fails.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from pydicom.pixels import get_decoder

SPARE_BYTES = 2**30  # for decoding one frame, in several copies of at most a quarter of this
PLUGINS = {
    "1.2.840.10008.1.2.4.90": "pylibjpeg",  # JPEG 2000
    "1.2.840.10008.1.2.4.57": "pylibjpeg",  # JPEG lossless
    "1.2.840.10008.1.2.4.70": "pylibjpeg",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.5": "pylibjpeg",  # RLE
}
"""By transfer syntax the decoder that reads all bit depths fastest."""


def main() -> None:
    """Answer requests until stdin ends."""
    _limit_memory()
    for line in sys.stdin.buffer:
        options = json.loads(line)
        encoded = sys.stdin.buffer.read(options.pop("length"))
        try:
            _answer(encoded, options.pop("transfer_syntax"), options.pop("frame_bytes"), options)
        except BaseException:  # decoders raise what they like, Rust panics among it
            sys.stdout.buffer.write(b"E")
        sys.stdout.buffer.flush()


def _answer(encoded: bytes, transfer_syntax: str, frame_bytes: int, options: dict[str, Any]) -> None:
    plugin = PLUGINS[transfer_syntax]
    for frame, _ in get_decoder(transfer_syntax).iter_array(encoded, raw=True, decoding_plugin=plugin, **options):
        if frame.nbytes != frame_bytes:
            raise ValueError("the frame has another size than the header says")
        sys.stdout.buffer.write(b"F" + frame.tobytes())
    sys.stdout.buffer.write(b".")


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
