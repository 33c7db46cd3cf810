"""How bright grey values are shown: by the image's own window (PS3.3 C.11.2), else by the range most of them lie in."""

from collections.abc import Callable

import numpy as np
from pydicom import Dataset
from pydicom.multival import MultiValue

USUAL = (1.0, 99.0)
"""Percentiles of a slice that are black and white where its image states no window."""

_Curve = Callable[[np.ndarray, float, float], np.ndarray]
_CURVES: dict[str, _Curve] = {
    "LINEAR": lambda values, centre, width: (values - (centre - 0.5)) / (width - 1) + 0.5,
    "LINEAR_EXACT": lambda values, centre, width: (values - centre) / width + 0.5,
    "SIGMOID": lambda values, centre, width: 1 / (1 + np.exp(-4 * (values - centre) / width)),
}
"""PS3.3 C.11.2.1.2 and C.11.2.1.3, from 0 to 1."""
_NARROWEST = {"LINEAR": 1.0}
"""A width must be above this."""


def brightness(header: Dataset, frame: int, grey: np.ndarray) -> np.ndarray:
    """Shares of white (rows, columns) in [0, 1] of the grey values of a frame (from 0) of an image."""
    shown = _by_window(header, frame, grey)
    if shown is None:
        low, high = np.percentile(grey, USUAL)
        shown = (grey - low) / (high - low) if high > low else np.zeros(grey.shape)
    shown = np.clip(shown, 0.0, 1.0)
    return 1 - shown if header.get("PhotometricInterpretation") == "MONOCHROME1" else shown


def _by_window(header: Dataset, frame: int, grey: np.ndarray) -> np.ndarray | None:
    """None where no window is stated, or its numbers are those of another table of values."""
    stated = _statement(header, frame)
    kind = str(stated.get("VOILUTFunction") or "LINEAR")
    centre, width = (_first(stated, keyword) for keyword in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None or kind not in _CURVES or header.get("ModalityLUTSequence"):
        return None
    if not (np.isfinite([centre, width]).all() and width > _NARROWEST.get(kind, 0.0)):
        return None
    return _CURVES[kind](grey, centre, width)


def _statement(header: Dataset, frame: int) -> Dataset:
    """What states the window of a frame: its own group, else that of all frames, else the image."""
    own = (header.get("PerFrameFunctionalGroupsSequence") or [])[frame : frame + 1]
    for group in (*own, *(header.get("SharedFunctionalGroupsSequence") or [])):
        if statements := group.get("FrameVOILUTSequence"):
            return Dataset(statements[0])
    return header


def _first(stated: Dataset, keyword: str) -> float | None:
    value = stated.get(keyword)
    first = value[0] if isinstance(value, MultiValue) and value else value
    return None if first in (None, "") or isinstance(first, MultiValue) else float(first)
