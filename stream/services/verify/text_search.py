"""Finding any of thousands of known texts in megabytes of text, in one pass."""

from collections.abc import Iterable

import numpy as np

TAIL = 8
"""Bytes by which a place is worth a closer look; nothing shorter can be searched for."""


class WordSearch:
    """Searches texts for `wanted`: whole words, so each has a blank at its end, and TAIL bytes or more.

    Compared from the end: UIDs of one sender all begin alike.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self._by_tail: dict[int, list[bytes]] = {}
        for known in map(str.encode, wanted):
            self._by_tail.setdefault(int.from_bytes(known[-TAIL:], "big"), []).append(known)
        self._tails = np.array(sorted(self._by_tail), np.uint64)

    def occurring(self, text: str) -> set[str]:
        """Those that occur anywhere in `text`."""
        data = text.encode()
        ends = _ends_of_words(data)
        at = ends[_is_one_of(_windows(data, ends), self._tails)]
        return {
            known.decode()
            for end in at.tolist()
            for known in self._by_tail[int.from_bytes(data[end - TAIL : end], "big")]
            if data.endswith(known, 0, end)
        }


def _ends_of_words(data: bytes) -> np.ndarray:
    """Where a blank was and TAIL bytes lie behind; (n,) int64."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord(" ")) + 1
    return ends[ends >= TAIL]


def _windows(data: bytes, ends: np.ndarray) -> np.ndarray:
    """The TAIL bytes before every end, as one whole number each; (n,) uint64."""
    values = np.frombuffer(data, np.uint8)
    windows = np.zeros(len(ends), np.uint64)
    for back in range(TAIL, 0, -1):
        windows = (windows << np.uint64(8)) | values[ends - back]
    return windows


def _is_one_of(windows: np.ndarray, tails: np.ndarray) -> np.ndarray:
    """Whether each window is in the sorted `tails`; (n,) bool. (np.isin would sort all windows.)"""
    if not len(tails):
        return np.zeros(len(windows), bool)
    at = np.searchsorted(tails, windows)
    matches: np.ndarray = tails[np.minimum(at, len(tails) - 1)] == windows
    return matches
