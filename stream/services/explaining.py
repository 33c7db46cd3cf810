"""Why a patient's risks are what they are, from what the models saw: rows of views in, explanations out.

The timeline is folded again in this process, with the weights that led; nothing is written.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from models.explaining.arms import ASSOCIATION, ArmForecast, by_arm
from models.explaining.gating import Gating, gates
from models.explaining.risk_change import RiskChange, RiskContribution, WeightedHistory, fold, why_moved
from models.explaining.unusual import UnusualInput, ranges_known, unusual
from models.features import FEATURE_NAMES, as_seen, whole
from models.forecast import RiskForecast, of_kind
from models.serving.forecaster import Forecaster
from models.timepoint import Timepoint, TreatmentInForce
from stream.storage.folding.leads import Lead, Pair
from stream.storage.reading.views import TimepointRow, TreatmentRow
from stream.timeline.entries import DAY

ForecasterOf = Callable[[str], Forecaster]
"""The forecaster of a weights version."""


@dataclass(frozen=True)
class Explanation:
    """What leads for one endpoint of a patient says after the latest scan, and why.

    `moved` is empty where there is no earlier scan with a forecast; `gates` has a row for each of `visits`.
    """

    patient_id: str
    endpoint: str
    disease: str
    scan_uid: str
    forecaster: Forecaster
    before: Forecaster | None
    before_at: dt.datetime | None
    forecasts: tuple[RiskForecast, ...]
    moved: tuple[RiskChange, ...]
    unusual: tuple[UnusualInput, ...]
    arms: tuple[ArmForecast, ...]
    visits: tuple[dt.datetime, ...]
    gates: tuple[Gating, ...]

    @property
    def ranges_known(self) -> bool:
        """Whether the card says what the training data covered."""
        return ranges_known(self.forecaster)

    def to_json(self) -> dict[str, Any]:
        """Values of JSON, times in ISO form: what is kept, and what scripts are given."""
        before = self.before.weights_version if self.before else None
        arms = [{"arm": each.arm, "forecasts": _plain(each.forecasts)} for each in self.arms]
        return {
            "patient_id": self.patient_id,
            "endpoint": self.endpoint,
            "disease": self.disease,
            "model": self.forecaster.card.model,
            "weights_version": self.forecaster.weights_version,
            "scan_uid": self.scan_uid,
            "scan_of": self.visits[-1].isoformat(),
            "before_scan_of": self.before_at and self.before_at.isoformat(),
            "before_weights_version": before,
            "forecasts": _plain(self.forecasts),
            "moved": [_moved(each) for each in self.moved],
            "outside_training": [_in_words(each) for each in self.unusual] if self.ranges_known else None,
            "arms": {"says": ASSOCIATION, "rows": arms} if arms else None,
            "gates": [
                {"acquired_at": at.isoformat(), **asdict(gate)}
                for at, gate in zip(self.visits, self.gates, strict=True)
            ],
        }


def _plain(forecasts: Sequence[RiskForecast]) -> list[dict[str, Any]]:
    return [forecast._asdict() for forecast in forecasts]


def _moved(moved: RiskChange) -> dict[str, Any]:
    return {
        "horizon_kind": moved.now.horizon_kind,
        "horizon_days": moved.now.horizon_days,
        "before": moved.before,
        "risk": moved.now.risk,
        "parts": [_in_words(part) for part in moved.parts],
    }


def _in_words(part: RiskContribution | UnusualInput) -> dict[str, Any]:
    return {**asdict(part), "says": str(part)}


def explain(
    current: Sequence[Mapping[str, Any]],
    timepoints: Sequence[TimepointRow],
    leads: Sequence[Lead],
    forecaster_of: ForecasterOf,
) -> list[Explanation]:
    """An explanation for every endpoint of a patient's `current` risks, of all horizons that its model knows.

    `current`, `timepoints` and `leads` are rows of the views current_risk, timepoint and leads, of one moment.
    """
    explanations = []
    for endpoint, version, scan_uid in sorted({_forecast_of(row) for row in current}):
        last = next(n for n, timepoint in enumerate(timepoints) if timepoint.scan_uid == scan_uid)
        first = max((n for n in range(last + 1) if timepoints[n].begins_line), default=0)
        story = _Story(timepoints[first : last + 1], leads, forecaster_of)
        explanations.append(story.explanation(endpoint, forecaster_of(version)))
    return explanations


def _forecast_of(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["endpoint"], row["weights_version"], row["scan_uid"]


class _EarlierScan(NamedTuple):
    """The scan that a forecast is compared with, and both scans as the weights that led when it came see them."""

    scan: TimepointRow
    told: WeightedHistory


@dataclass(frozen=True)
class _Story:
    """A patient's scans up to the one that a forecast stands on, from where its history starts; what led meanwhile."""

    scans: Sequence[TimepointRow]
    leads: Sequence[Lead]
    forecaster_of: ForecasterOf

    def explanation(self, endpoint: str, forecaster: Forecaster) -> Explanation:
        """What `forecaster` says of `endpoint` after the last scan, and why."""

        def wanted(forecast: RiskForecast) -> bool:
            return forecast.endpoint == endpoint

        now = WeightedHistory(forecaster, _seen(self.scans, forecaster))
        earlier = self._earlier(endpoint)
        forecasts = of_kind(RiskForecast, fold(forecaster, now.timepoints)[1])
        arms = by_arm(forecaster, now.timepoints)
        return Explanation(
            patient_id=self.scans[-1].patient_id,
            endpoint=endpoint,
            disease=self.scans[-1].disease,
            scan_uid=self.scans[-1].scan_uid,
            forecaster=forecaster,
            before=earlier.told.forecaster if earlier else None,
            before_at=earlier.scan.acquired_at if earlier else None,
            forecasts=tuple(filter(wanted, forecasts)),
            moved=tuple(each for each in why_moved(earlier.told, now) if wanted(each.now)) if earlier else (),
            unusual=tuple(unusual(forecaster, now.timepoints)),
            arms=tuple(ArmForecast(each.arm, tuple(filter(wanted, each.forecasts))) for each in arms),
            visits=tuple(scan.acquired_at for scan in _applied(self.scans, forecaster)),
            gates=tuple(gates(forecaster, now.timepoints)),
        )

    def _earlier(self, endpoint: str) -> _EarlierScan | None:
        """The last scan before the latest with a forecast."""
        *before, latest = self.scans
        for n, scan in reversed(list(enumerate(before))):
            version = self._led((endpoint, scan.disease), scan.first_accepted_at)
            if version and _applied([scan], forecaster := self.forecaster_of(version)):
                return _EarlierScan(scan, WeightedHistory(forecaster, _seen([*before[: n + 1], latest], forecaster)))
        return None

    def _led(self, pair: Pair, at: dt.datetime) -> str | None:
        """The weights that led for (endpoint, disease) at a moment; where none did yet, the first that did.

        What led is never changed afterwards, so this stays as it is.
        """
        of_pair = sorted((lead for lead in self.leads if lead.pair == pair), key=lambda lead: lead.since)
        then = [lead for lead in of_pair if lead.since <= at and (lead.until is None or at < lead.until)]
        return next((lead.weights_version for lead in (*then, *of_pair)), None)


def _applied(scans: Sequence[TimepointRow], forecaster: Forecaster) -> list[TimepointRow]:
    """The scans on which these weights step."""
    return [scan for scan in scans if forecaster.applies(scan.disease, _features(scan, forecaster))]


def _seen(scans: Sequence[TimepointRow], forecaster: Forecaster) -> list[Timepoint]:
    """The scans on which these weights step, and the last in any case, as timepoints."""
    stepped = _applied(scans[:-1], forecaster) + [scans[-1]]
    days = [0.0, *((after.acquired_at - scan.acquired_at) / DAY for scan, after in pairwise(stepped))]
    return [_timepoint(scan, elapsed_days, forecaster) for scan, elapsed_days in zip(stepped, days, strict=True)]


def _timepoint(scan: TimepointRow, elapsed_days: float, forecaster: Forecaster) -> Timepoint:
    given = tuple(_in_force(treatment, scan.acquired_at) for treatment in scan.treatments)
    return Timepoint(whole(_features(scan, forecaster)), elapsed_days, scan.disease, given, scan.clinical)


def _features(scan: TimepointRow, forecaster: Forecaster) -> Sequence[float | None]:
    """In the order of FEATURE_NAMES, as far as the model sees them; whole numbers of JSON as floats too."""
    known = [None if (value := scan.x[name]) is None else float(value) for name in FEATURE_NAMES]
    return as_seen(known, scan.feature_version, forecaster.card.feature_version)


def _in_force(treatment: TreatmentRow, at: dt.datetime) -> TreatmentInForce:
    """As a scan at `at` sees it; the view leaves out an end that had not come by then."""
    since_end = None if treatment.end_at is None else (at - treatment.end_at) / DAY
    return TreatmentInForce(treatment.name, treatment.kind, (at - treatment.start_at) / DAY, since_end)
