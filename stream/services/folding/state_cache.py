"""States in the worker's memory, so that a timeline that goes on by one scan need not read its state from Postgres."""

from collections import OrderedDict
from collections.abc import Mapping

import numpy as np

CACHED_PATIENTS = 20_000
"""Timelines whose states are kept in memory: at 2-4 KB a state and weights version, some 100 MB."""
LARGEST = 2**14
"""Bytes of a state that is kept: those of growth maps are a megabyte and more, and are read again."""


class StateCache:
    """States after the last timepoint of each timeline, in memory; used only where the head's version is current."""

    def __init__(self, capacity: int = CACHED_PATIENTS) -> None:
        self._capacity = capacity
        self._rows: OrderedDict[str, tuple[int, Mapping[tuple[str, str], np.ndarray]]] = OrderedDict()

    def state(self, patient_id: str, version: int, weights_version: str, scan_uid: str) -> np.ndarray | None:
        """The state (S,) after `scan_uid`, or None where this memory is not of exactly this version."""
        kept_version, states = self._rows.get(patient_id, (-1, {}))
        return states.get((weights_version, scan_uid)) if kept_version == version else None

    def keep(self, patient_id: str, version: int, states: Mapping[tuple[str, str], np.ndarray]) -> None:
        """Remember the last states of a timeline as of `version`; the longest unused timeline is forgotten."""
        self._rows[patient_id] = (version, {key: state for key, state in states.items() if state.nbytes <= LARGEST})
        self._rows.move_to_end(patient_id)
        if len(self._rows) > self._capacity:
            self._rows.popitem(last=False)
