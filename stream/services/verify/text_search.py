"""Finding any of thousands of known texts in megabytes of text, in one pass."""

from collections.abc import Sequence

import numpy as np

HEAD = 6
"""Bytes by which a place is worth a closer look; nothing shorter can be searched for."""


def occurring(text: str, wanted: Sequence[str]) -> set[str]:
    """Those of `wanted`, each HEAD bytes or longer, that occur anywhere in `text`."""
    data = text.encode()
    heads: dict[int, list[str]] = {}
    for known in wanted:
        heads.setdefault(int.from_bytes(known.encode()[:HEAD], "big"), []).append(known)
    places = np.flatnonzero(_is_one_of(_windows(data), np.array(sorted(heads), np.int64)))
    return {
        known
        for place in places.tolist()
        for known in heads[int.from_bytes(data[place : place + HEAD], "big")]
        if data.startswith(known.encode(), place)
    }


def _windows(data: bytes) -> np.ndarray:
    """The HEAD bytes from every place on, as one whole number each: (len(data) - HEAD + 1,) int64."""
    values = np.frombuffer(data, np.uint8)
    count = max(len(values) - HEAD + 1, 0)
    windows = np.zeros(count, np.int64)
    for offset in range(HEAD):
        windows = (windows << 8) | values[offset : offset + count]
    return windows


def _is_one_of(windows: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Whether each window is in the sorted `heads`; (n,) bool. (np.isin would sort all windows.)"""
    if not len(heads):
        return np.zeros(len(windows), bool)
    at = np.searchsorted(heads, windows)
    matches: np.ndarray = heads[np.minimum(at, len(heads) - 1)] == windows
    return matches
