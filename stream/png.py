"""Grey pictures as PNG (ISO/IEC 15948), written by hand: nothing but pixels can get into the file."""

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY_8_BIT = (8, 0, 0, 0, 0)
_UP = 2
"""The filter of every row: what is beneath it is subtracted (ISO/IEC 15948 9.2)."""
_HEADER = len(_SIGNATURE) + 25
"""Where the one chunk of pixels begins."""


def png(grey: np.ndarray) -> bytes:
    """A picture (rows, columns) uint8 as a file of three chunks: its size, its pixels, its end."""
    rows, columns = grey.shape
    above = np.vstack([np.zeros((1, columns), np.uint8), grey[:-1]])
    filtered = np.hstack([np.full((rows, 1), _UP, np.uint8), grey - above])
    size = struct.pack(">2I5B", columns, rows, *_GREY_8_BIT)
    chunks = (b"IHDR", size), (b"IDAT", zlib.compress(filtered.tobytes())), (b"IEND", b"")
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def pixels(file: bytes) -> np.ndarray:
    """The picture of a file that `png` wrote; ValueError where it is none.

    Two libraries may pack the same pixels into other bytes: these are what is compared.
    """
    try:
        columns, rows = struct.unpack_from(">2I", file, len(_SIGNATURE) + 8)
        (length,) = struct.unpack_from(">I", file, _HEADER)
        unpacked = np.frombuffer(zlib.decompress(file[_HEADER + 8 : _HEADER + 8 + length]), np.uint8)
        filtered = unpacked.reshape(rows, 1 + columns)[:, 1:]
    except (struct.error, zlib.error) as error:
        raise ValueError("no picture of ours") from error
    return np.cumsum(filtered, axis=0, dtype=np.uint8)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
