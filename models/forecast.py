"""What a model says after a scan: the probability of an endpoint within a horizon, with its own uncertainty."""

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
