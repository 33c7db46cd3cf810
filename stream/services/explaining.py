"""Why a patient's risks are what they are, from what the models saw: rows of views in, explanations out.

The timeline is folded again in this process, with the weights that led; nothing is written.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from models.explaining.arms import ASSOCIATION, UnderArm, by_arm
from models.explaining.explain import Moved, Part, Told, fold, why_moved
from models.explaining.gating import Gating, gates
from models.explaining.unusual import Unusual, ranges_known, unusual
from models.features import FEATURE_NAMES
from models.forecast import RiskForecast, of_kind
from models.serving.forecaster import Forecaster
from models.timepoint import Timepoint, TreatmentInForce
from stream.timeline.entries import DAY

Row = Mapping[str, Any]
Weights = Callable[[str], Forecaster]
"""The forecaster of a weights version."""


@dataclass(frozen=True)
class Explained:
    """What leads for one endpoint of a patient says after the latest scan, and why.

    `moved` is empty where there is no earlier scan with a forecast; `gates` has a row for each of `visits`.
    """

    patient_id: str
    endpoint: str
    disease: str
    forecaster: Forecaster
    before: Forecaster | None
    before_at: dt.datetime | None
    forecasts: tuple[RiskForecast, ...]
    moved: tuple[Moved, ...]
    unusual: tuple[Unusual, ...]
    arms: tuple[UnderArm, ...]
    visits: tuple[dt.datetime, ...]
    gates: tuple[Gating, ...]

    @property
    def ranges_known(self) -> bool:
        """Whether the card says what the training data covered."""
        return ranges_known(self.forecaster)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for scripts."""
        return {
            "patient_id": self.patient_id, "endpoint": self.endpoint, "disease": self.disease,
            "model": self.forecaster.card.model, "weights_version": self.forecaster.weights_version,
            "scan_of": self.visits[-1], "before_scan_of": self.before_at,
            "before_weights_version": self.before and self.before.weights_version,
            "forecasts": _plain(self.forecasts),
            "moved": [_moved(one) for one in self.moved],
            "outside_training": [_said(one) for one in self.unusual] if self.ranges_known else None,
            "arms": {"says": ASSOCIATION, "rows": [_under(one) for one in self.arms]} if self.arms else None,
            "gates": [{"acquired_at": at, **asdict(one)} for at, one in zip(self.visits, self.gates, strict=True)],
        }  # fmt: skip


def _plain(forecasts: Sequence[RiskForecast]) -> list[dict[str, Any]]:
    return [one._asdict() for one in forecasts]


def _under(one: UnderArm) -> dict[str, Any]:
    return {"arm": one.arm, "forecasts": _plain(one.forecasts)}


def _moved(one: Moved) -> dict[str, Any]:
    return {"horizon_kind": one.now.horizon_kind, "horizon_days": one.now.horizon_days, "before": one.before,
            "risk": one.now.risk, "parts": [_said(part) for part in one.parts]}  # fmt: skip


def _said(one: Part | Unusual) -> dict[str, Any]:
    return {**asdict(one), "says": str(one)}


def explain(
    current: Sequence[Row], timepoints: Sequence[Row], leads: Sequence[Row], weights: Weights
) -> list[Explained]:
    """An explanation for every endpoint of a patient's `current` risks.

    `current`, `timepoints` and `leads` are rows of the views current_risk, timepoint and leads, of one moment.
    """

    def asked(row: Row) -> tuple[str, str, str]:
        return row["endpoint"], row["weights_version"], row["scan_uid"]

    found = []
    for (endpoint, version, scan_uid), rows in groupby(sorted(current, key=asked), key=asked):
        horizons = {(row["horizon_kind"], row["horizon_days"]) for row in rows}
        last = next(n for n, row in enumerate(timepoints) if row["scan_uid"] == scan_uid)
        found.append(_explained((endpoint, horizons), timepoints[: last + 1], leads, weights(version), weights))
    return found


def _explained(
    asked: tuple[str, set[tuple[str, int | None]]], scans: Sequence[Row], leads: Sequence[Row],
    forecaster: Forecaster, weights: Weights,
) -> Explained:  # fmt: skip
    endpoint, horizons = asked
    now = Told(forecaster, _seen(scans, forecaster))

    def wanted(one: RiskForecast) -> bool:
        return one.endpoint == endpoint and (one.horizon_kind, one.horizon_days) in horizons

    earlier = _earlier(endpoint, scans, leads, weights)
    return Explained(
        scans[-1]["patient_id"], endpoint, scans[-1]["disease"], forecaster,
        earlier[1].forecaster if earlier else None, earlier[0]["acquired_at"] if earlier else None,
        tuple(one for one in of_kind(RiskForecast, fold(forecaster, now.timepoints)[1]) if wanted(one)),
        tuple(one for one in why_moved(earlier[1], now) if wanted(one.now)) if earlier else (),
        tuple(unusual(forecaster, now.timepoints)),
        tuple(UnderArm(one.arm, tuple(filter(wanted, one.forecasts))) for one in by_arm(forecaster, now.timepoints)),
        tuple(row["acquired_at"] for row in _applied(scans, forecaster)),
        tuple(gates(forecaster, now.timepoints)),
    )  # fmt: skip


def _earlier(endpoint: str, scans: Sequence[Row], leads: Sequence[Row], weights: Weights) -> tuple[Row, Told] | None:
    """The last scan before the latest with a forecast, and how the weights that led when it came see both."""
    *before, latest = scans
    for n, row in reversed(list(enumerate(before))):
        version = _led(leads, (endpoint, row["disease"]), row["first_accepted_at"])
        if version and _applied([row], one := weights(version)):
            return row, Told(one, _seen([*before[: n + 1], latest], one))
    return None


def _led(leads: Sequence[Row], pair: tuple[str, str], at: dt.datetime) -> str | None:
    """The weights that led for (endpoint, disease) at a moment; where none did yet, those that lead now."""
    of_pair = [row for row in leads if (row["endpoint"], row["disease"]) == pair]
    then = [row for row in of_pair if row["since"] <= at and (row["until"] is None or at < row["until"])]
    now = [row for row in of_pair if row["until"] is None]
    return next((row["weights_version"] for row in (*then, *now)), None)


def _applied(scans: Sequence[Row], forecaster: Forecaster) -> list[Row]:
    """The scans on which these weights step."""
    return [row for row in scans if forecaster.applies(row["disease"], _x(row))]


def _seen(scans: Sequence[Row], forecaster: Forecaster) -> list[Timepoint]:
    """The scans on which these weights step, and the last in any case, as timepoints."""
    rows = _applied(scans[:-1], forecaster) + [scans[-1]]
    days = [0.0, *((after["acquired_at"] - row["acquired_at"]) / DAY for row, after in pairwise(rows))]
    return [_timepoint(row, elapsed_days) for row, elapsed_days in zip(rows, days, strict=True)]


def _timepoint(row: Row, elapsed_days: float) -> Timepoint:
    given = tuple(_in_force(one, row["acquired_at"]) for one in row["treatments"])
    return Timepoint(_x(row), elapsed_days, row["disease"], given, row["clinical"])


def _x(row: Row) -> np.ndarray:
    return np.array([np.nan if (value := row["x"][name]) is None else float(value) for name in FEATURE_NAMES])


def _in_force(treatment: Row, at: dt.datetime) -> TreatmentInForce:
    """As a scan at `at` sees it; the view leaves out an end that had not come by then."""
    start, end = (treatment[name] and dt.datetime.fromisoformat(treatment[name]) for name in ("start_at", "end_at"))
    since_end = None if end is None else (at - end) / DAY
    return TreatmentInForce(treatment["name"], treatment["kind"], (at - start) / DAY, since_end)
