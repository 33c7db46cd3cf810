"""Canonical hashing: one rule by which rows, folds and timelines get their digests.

A digest is sha256 over the compact JSON of its parts. Times count as microseconds since 1970 in UTC, bytes as hex,
floats by their shortest exact form, so that a value read back from Postgres hashes as it did when written.
"""

import datetime as dt
import hashlib
import json

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


def digest(*parts: object) -> bytes:
    """sha256 (32 bytes) over the canonical form of `parts`."""
    return hashlib.sha256(canonical(parts)).digest()


def canonical(parts: object) -> bytes:
    """The bytes that are hashed: compact UTF-8 JSON, keys sorted."""
    return _ENCODER.encode(parts).encode()


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return (value - EPOCH) // MICROSECOND
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview | bytearray):
        return bytes(value).hex()
    raise TypeError(f"{type(value).__name__} has no canonical form")


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True, default=_plain)
