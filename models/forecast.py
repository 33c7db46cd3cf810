"""What a model says after a scan: risks within a horizon, sizes and maps on coming days, the best response."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar


class RiskForecast(NamedTuple):
    """`risk` in [0, 1], counted from the scan; `risk_low` and `risk_high` span the central 90 % of the ensemble.

    `horizon_days` is given with the horizon kind `days` only.
    """

    endpoint: str
    horizon_kind: str
    horizon_days: int | None
    risk: float
    risk_low: float
    risk_high: float


class SizeForecast(NamedTuple):
    """Sizes on coming days, in the unit of `measurement`, each with central intervals.

    `horizon_days` (D,) after the scan, `level` (L,) of the intervals, `value` (D,), `value_low`, `value_high` (D, L).
    """

    measurement: str
    horizon_days: tuple[int, ...]
    level: tuple[float, ...]
    value: tuple[float, ...]
    value_low: tuple[tuple[float, ...], ...]
    value_high: tuple[tuple[float, ...], ...]


class ResponseForecast(NamedTuple):
    """The best response up to the next visit by `criterion`: complete, partial, stable, progressive; sums to 1."""

    criterion: str
    cr: float
    pr: float
    sd: float
    pd: float


class GrowthMap(NamedTuple):
    """Where a lesion will be `horizon_days` after the scan, on the cube of voxels of models.growth.maps around it.

    Volumes in ml: that of the last outline, and the one to come with its central 90 %. `outline`: the last one, a bit
    for each voxel; `chance`: that a voxel is inside, a byte from 0 to 255 for each; slices first, from the feet.
    `drawn_from`: the chance from which on a voxel is drawn.
    """

    lesion_uid: str
    horizon_days: int
    volume_now: float
    volume: float
    volume_low: float
    volume_high: float
    drawn_from: float
    outline: bytes
    chance: bytes


Forecast = RiskForecast | SizeForecast | ResponseForecast | GrowthMap
"""What a model says after a scan, each a row of its own."""
Kind = TypeVar("Kind", RiskForecast, SizeForecast, ResponseForecast, GrowthMap)


def of_kind(kind: type[Kind], forecasts: Iterable[Forecast]) -> list[Kind]:
    """Those of the forecasts that are of one kind, in their order."""
    return [forecast for forecast in forecasts if isinstance(forecast, kind)]
