"""Answers of a child as JSON and back, by their types: what reads files of others must not be able to run code here."""

import base64
import datetime as dt
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

Restore = Callable[[Any], Any]


def plain(value: Any) -> Any:
    """`value` (tuples, mappings, dataclasses, enums, dates, bytes, numbers and texts) in what JSON can say."""
    kind: Any = type(value)
    return value if kind in _AS_THEY_ARE else _plainly(kind)(value)


_AS_THEY_ARE = frozenset({str, int, float, bool, types.NoneType})


@lru_cache(maxsize=256)
def _plainly(kind: Any) -> Callable[[Any], Any]:
    """What makes the plain form of values of this type; looked up once, since headers come by the thousand."""
    if issubclass(kind, tuple | list):
        return lambda value: [plain(one) for one in value]
    if is_dataclass(kind):
        names = [field.name for field in fields(kind)]
        return lambda value: [plain(getattr(value, name)) for name in names]
    if issubclass(kind, Mapping):
        return lambda value: {key: plain(one) for key, one in value.items()}
    if issubclass(kind, bytes):
        return lambda value: base64.b64encode(value).decode()
    if issubclass(kind, dt.date):
        return lambda value: value.isoformat()
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, np.generic):
        return lambda value: value.item()
    if issubclass(kind, str | int | float):
        return lambda value: value
    raise TypeError(f"{kind.__name__} has no plain form")


@lru_cache(maxsize=256)
def restoring(kind: Any) -> Restore:
    """What makes a value of type `kind` of its plain form."""
    origin, of = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional(of)
    if origin is tuple:
        return _tuple(of)
    if origin is not None and issubclass(origin, Mapping):
        inner = restoring(of[1])
        return lambda data: {key: inner(one) for key, one in data.items()}
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        return _record(kind)
    if kind is bytes:
        return base64.b64decode
    if kind in (dt.datetime, dt.date):
        return lambda data: kind.fromisoformat(data)
    return (lambda data: kind(data)) if issubclass(kind, Enum) else lambda data: data


def _optional(of: tuple[Any, ...]) -> Restore:
    (kind,) = (one for one in of if one is not types.NoneType)
    inner = restoring(kind)
    return lambda data: None if data is None else inner(data)


def _tuple(of: tuple[Any, ...]) -> Restore:
    if len(of) == 2 and of[1] is Ellipsis:
        inner = restoring(of[0])
        return lambda data: tuple(map(inner, data))
    inners = [restoring(one) for one in of]
    return lambda data: tuple(inner(one) for inner, one in zip(inners, data, strict=True))


def _record(kind: Any) -> Restore:
    """A dataclass or a named tuple, by its fields in order."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else kind._fields
    inners = [restoring(hints[name]) for name in names]
    return lambda data: kind(*(inner(one) for inner, one in zip(inners, data, strict=True)))
