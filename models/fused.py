"""What the series of a visit say together: the mean of the embeddings that are there, and which modalities they are of.

A modality that is missing takes no part in the mean and has its mask at 0: it changes nothing for the others.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from models.features import EMBEDDING, ENCODED_NAMES, FEATURE_NAMES, MODALITIES

SHOWN_NAMES = tuple(f"{name}_shown" for name in MODALITIES.values())
"""1 where an encoder read a series of the modality, else 0."""
FUSED_NAMES = (*SHOWN_NAMES, *(f"encoded_{n}" for n in range(1, EMBEDDING + 1)))
"""Made from stored features for models whose card names them, never stored themselves."""
ALL_NAMES = (*FEATURE_NAMES, *FUSED_NAMES)
_ENCODED = [FEATURE_NAMES.index(name) for name in ENCODED_NAMES]


def fused(x: np.ndarray) -> np.ndarray:
    """Of features `x` (F,) the FUSED_NAMES (U,) float64: masks, then means, NaN where no series was read."""
    said = x[_ENCODED].reshape(len(MODALITIES), EMBEDDING)
    shown = np.isfinite(said).all(1)
    mean = said[shown].mean(0) if shown.any() else np.full(EMBEDDING, np.nan)
    return np.concatenate([shown.astype(float), mean])


def chosen(x: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The values (len(names),) float64 of features `x` (F,) that a model sees, each one of ALL_NAMES."""
    places, made = _places(tuple(names))
    known: np.ndarray = (np.concatenate([x, fused(x)]) if made else x)[places]
    return known


@lru_cache
def _places(names: tuple[str, ...]) -> tuple[list[int], bool]:
    """Where `names` lie among ALL_NAMES, and whether one of them is made: asked for at every scan."""
    return [ALL_NAMES.index(name) for name in names], any(name in FUSED_NAMES for name in names)
