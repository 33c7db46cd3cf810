"""How far forecasts of any kind are apart: by what they are of, in shares."""

from collections.abc import Iterator

import numpy as np

from models.forecast import Forecast

Subject = tuple[object, ...]
"""What is forecast: its kind, words and days."""


MAP_STEP = 6e-7
"""What a step in a byte of a map counts: two machines may round one chance to neighbours, and no further."""


def numbers(forecast: Forecast) -> tuple[Subject, np.ndarray]:
    """What is forecast and all numbers of the forecast (N,)."""
    parts = list(_parts(forecast))
    subject = (type(forecast), *(part for part in parts if not isinstance(part, float)))
    return subject, np.array([part for part in parts if isinstance(part, float)])


def difference(one: np.ndarray | None, other: np.ndarray | None) -> float:
    """The largest difference of two forecasts' numbers: of probabilities as it is, of sizes above 1 as a share of them.

    A forecast that only one side has (None) differs by 1.
    """
    if one is None or other is None or one.shape != other.shape:
        return 1.0
    apart = np.abs(one - other) / np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
    return float(apart.max(initial=0.0))


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for each in value:
            yield from _parts(each)
    elif isinstance(value, bytes):
        yield from (MAP_STEP * level for level in value)
    else:
        yield value
