"""Canonical hashing: one rule by which rows, folds and timelines get their digests.

A digest is sha256 over the compact JSON of its parts. Times count as microseconds since 1970 in UTC, bytes as hex,
floats by their shortest exact form, so that a value read back from Postgres hashes as it did when written.
"""

import datetime as dt
import hashlib
import json
import json.encoder
from collections.abc import Callable, Iterable

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)

Encode = Callable[[object, int], Iterable[str]]
"""A value and a level of indentation, which compact JSON does not have → the parts of the text."""


def digest(*parts: object) -> bytes:
    """sha256 (32 bytes) over the canonical form of `parts`."""
    return hashlib.sha256(canonical(parts)).digest()


def canonical(parts: object) -> bytes:
    """The bytes that are hashed: compact UTF-8 JSON, keys sorted."""
    return "".join(_ENCODE(parts, 0)).encode()


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return (value - EPOCH) // MICROSECOND
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview | bytearray):
        return bytes(value).hex()
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _encoder() -> Encode:
    """What `json.JSONEncoder` makes anew for every value (a third of its time), made once; without memory of cycles.

    `c_make_encoder` is no documented part of json: tests/timeline/test_digest.py compares how json itself calls it and
    what it writes, and fails where another Python does either differently. Without it json does the work, slower.
    """
    plain = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True, default=_plain)
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return lambda parts, _: plain.iterencode(parts)
    encode: Encode = make(None, _plain, json.encoder.encode_basestring, None, ":", ",", True, False, True)
    return encode


_ENCODE = _encoder()
