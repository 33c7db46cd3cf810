"""A forecast of a size as quantiles, the ends of its central intervals among them, and how far off they were."""

from collections.abc import Sequence

import numpy as np

from models.forecast import SizeForecast

LEVELS = (0.95, 0.8, 0.5)
QUANTILES = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
MIDDLE, LOW, HIGH = 3, 1, 5  # among QUANTILES: the value and the ends of its 80 % interval


def quantiles_of(forecasts: Sequence[SizeForecast], gap_days: float) -> np.ndarray:
    """QUANTILES (7,) of the forecast of sizes (at most one) for the day nearest to `gap_days`; NaN without any."""
    quantiles = np.full(len(QUANTILES), np.nan)
    for forecast in forecasts:
        day = int(np.argmin(np.abs(np.subtract(forecast.horizon_days, gap_days))))
        quantiles[MIDDLE] = forecast.value[day]
        for level, low, high in zip(forecast.level, forecast.value_low[day], forecast.value_high[day], strict=True):
            at = LEVELS.index(level)
            quantiles[[at, -1 - at]] = low, high
    return quantiles


def absolute_error(quantiles: np.ndarray, size: np.ndarray) -> np.ndarray:
    """How far (R,) the middle of `quantiles` (R, 7) is from the `size` (R,) measured, in its unit."""
    error: np.ndarray = np.abs(quantiles[:, MIDDLE] - size)
    return error


def pinball(quantiles: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Pinball loss (R,) of `quantiles` (R, 7), their mean, in the unit of the `size` (R,): small and honest is best."""
    off = size[:, None] - quantiles
    loss: np.ndarray = np.maximum(QUANTILES * off, (QUANTILES - 1) * off).mean(1)
    return loss


def holds(quantiles: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Whether (R,) the `size` (R,) lies within the 80 % interval of `quantiles` (R, 7)."""
    return (quantiles[:, LOW] <= size) & (size <= quantiles[:, HIGH])
