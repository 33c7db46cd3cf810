"""Columns for simple models out of a visit's inputs, by name: what each of them is allowed to look at."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from models.card import Architecture
from models.serving.history import FALLS, FIRST_GAP_DAYS, GAPS_DAYS, input_names

LIMIT = 4.0  # standard deviations beyond which an input moves nothing further


class Visits(Protocol):
    """Visits as rows: what the network sees there, raw (R, I), the context (R, C) and days since the first (R,)."""

    @property
    def inputs(self) -> np.ndarray: ...

    @property
    def context(self) -> np.ndarray: ...

    @property
    def days(self) -> np.ndarray: ...


def column(architecture: Architecture, rows: Visits, name: str) -> np.ndarray:
    """One input (R,) by its name in models.serving.history."""
    return rows.inputs[:, names(architecture).index(name)]


def names(architecture: Architecture) -> list[str]:
    """Names of the inputs, in their order."""
    return input_names(architecture.feature_names)


def history(architecture: Architecture, rows: Visits, without: Sequence[str] = ()) -> np.ndarray:
    """All inputs and clinical facts (R, C), with the falls of headroom where there is one and it is not left out."""
    kept = [at for at, name in enumerate(names(architecture)) if name not in without]
    parts = [rows.inputs[:, kept], rows.context]
    if "headroom" in names(architecture) and "headroom" not in without:
        parts.append(falls(column(architecture, rows, "headroom")))
    return np.hstack(parts)


def falls(headroom: np.ndarray) -> np.ndarray:
    """The falls (R, 2) of the hazard with headroom (R,)."""
    return np.column_stack([np.exp(-np.maximum(headroom, 0.0) / fall) for fall in FALLS])


def expected_gap(architecture: Architecture, rows: Visits) -> np.ndarray:
    """Days (R,) until the next visit if the patient's own rhythm goes on; FIRST_GAP_DAYS while there is none yet."""
    elapsed = np.expm1(column(architecture, rows, "elapsed"))
    return np.clip(np.where(elapsed < 1.0, FIRST_GAP_DAYS, elapsed), *GAPS_DAYS)


def standard(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale (C,) of columns with NaN; scale 0 for what is constant, so that it says nothing."""
    known = np.isfinite(columns)
    count = np.maximum(known.sum(0), 1)
    mean = np.where(known, columns, 0.0).sum(0) / count
    spread = np.sqrt(np.where(known, (columns - mean) ** 2, 0.0).sum(0) / count)
    return mean, np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 1e-4)


def standardised(columns: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Columns in standard deviations; unknown becomes the mean."""
    rows: np.ndarray = np.clip(np.nan_to_num((columns - mean) * scale), -LIMIT, LIMIT)
    return rows
