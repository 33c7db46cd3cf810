"""Arrays of numbers on their way to Postgres, packed by one call; psycopg packs them value by value, in Python."""

import struct
from collections.abc import Sequence
from functools import cache
from itertools import chain, repeat
from math import prod

from psycopg import adapters
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

Numbers = Sequence[float | None] | Sequence[Sequence[float]]
"""Floats or whole numbers, in one dimension or two."""
_NULL = struct.pack(">i", -1)


def register(context: AdaptContext) -> None:
    """Send float8[] and int4[] through `context` this way, wherever the type is named."""
    for dumper in (_Floats, _Integers):
        context.adapters.register_dumper(None, dumper)


class _Packed(Dumper):
    """One or two dimensions, all of like length, none empty; None is null, in one dimension only."""

    format = Format.BINARY
    element: str
    code: str

    def dump(self, obj: Numbers) -> bytes:
        if None in obj:
            return self._with_nulls(obj)
        nested = [row for row in obj if isinstance(row, tuple | list)]
        shape = (len(obj), len(nested[0])) if nested else (len(obj),)
        head, body, size = _layout(self.element, self.code, shape)
        values = chain.from_iterable(nested) if nested else obj
        return head + body.pack(*chain.from_iterable(zip(repeat(size), values)))  # noqa: B905 (repeat has no end)

    def _with_nulls(self, obj: Sequence[object]) -> bytes:
        """Value by value: rare, features of visits only."""
        one = struct.Struct(f">i{self.code}")
        head = struct.pack(">5i", 1, 1, adapters.types[self.element].oid, len(obj), 1)
        size = one.size - 4
        return head + b"".join(_NULL if value is None else one.pack(size, value) for value in obj)


class _Floats(_Packed):
    element, code = "float8", "d"
    oid = adapters.types["float8"].array_oid


class _Integers(_Packed):
    element, code = "int4", "i"
    oid = adapters.types["int4"].array_oid


@cache
def _layout(element: str, code: str, shape: tuple[int, ...]) -> tuple[bytes, struct.Struct, int]:
    """What comes before the elements, how all of them are packed, each after its size, and that size."""
    head = struct.pack(">3i", len(shape), 0, adapters.types[element].oid)
    dimensions = (struct.pack(">2i", length, 1) for length in shape)
    return head + b"".join(dimensions), struct.Struct(">" + f"i{code}" * prod(shape)), struct.calcsize(f">{code}")
