"""What a model says after a scan: risks of an endpoint within a horizon, and sizes on a coming day."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Forecast:
    """`risk` in [0, 1], counted from the scan; `risk_low` and `risk_high` span the central 90 % of the ensemble.

    `horizon_days` is given with the horizon kind `days` only.
    """

    endpoint: str
    horizon_kind: str
    horizon_days: int | None
    risk: float
    risk_low: float
    risk_high: float


@dataclass(frozen=True)
class SizeForecast:
    """The size `horizon_days` after the scan in the unit of `measurement`; the interval holds it with `level`."""

    measurement: str
    horizon_days: int
    value: float
    value_low: float
    value_high: float
    level: float
