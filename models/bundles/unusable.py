"""What makes a bundle unusable, as one sentence for whoever adds it."""

from collections.abc import Mapping, Sequence
from typing import Any


class UnusableBundle(ValueError):
    """Network, metadata or processing are missing, odd or for something else: one sentence that names what."""


def part_of(parts: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The JSON object under `key`; UnusableBundle where there is none."""
    part = parts.get(key)
    if not isinstance(part, dict):
        raise UnusableBundle(f'metadata.json lacks "{key}", or it is no JSON object.')
    return part


def numbers_of(values: Any, count: int, what: str) -> tuple[float, ...]:
    """`count` finite numbers; UnusableBundle where `values` are anything else, such as an expression."""
    known = isinstance(values, Sequence) and not isinstance(values, str) and len(values) == count
    if not known or not all(isinstance(value, int | float) and abs(value) < float("inf") for value in values):
        raise UnusableBundle(f"{what} must be {count} number{'s' if count > 1 else ''}; it is {values!r}.")
    return tuple(float(value) for value in values)
