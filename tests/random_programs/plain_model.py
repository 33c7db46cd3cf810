"""What must stand, as plainly as it can be said: the list of everything accepted, and one walk over each timeline.

It shares nothing with the service but `models/`: no rows, no digests, no messages, no order of arrival.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.features import IMAGE_NAMES, features
from models.forecast import Forecast, RiskForecast, of_kind
from models.measurement import Measurement
from models.serving.forecaster import Forecaster
from models.timepoint import Timepoint, TreatmentInForce

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Scan:
    """One revision of a scan."""

    at: dt.datetime
    disease: str
    measurements: tuple[Measurement, ...]
    looks: tuple[float, ...]  # of its lesion in an image, () without one


@dataclass(frozen=True)
class Drug:
    """A treatment as it was told last."""

    patient: str
    name: str
    start: dt.datetime
    end: dt.datetime | None
    withdrawn: bool


@dataclass
class Accepted:
    """Everything accepted so far."""

    received_as: dict[str, str] = field(default_factory=dict)
    scans: dict[str, list[Scan]] = field(default_factory=dict)  # revision 1 first
    rejected: dict[str, int] = field(default_factory=dict)  # this revision and all lower ones do not count
    drugs: dict[str, Drug] = field(default_factory=dict)
    clinical: dict[str, dict[str, Any]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)

    def scan(self, uid: str, patient: str, scan: Scan) -> None:
        """A visit, or another revision of one; the same again is none."""
        self.received_as.setdefault(uid, patient)
        revisions = self.scans.setdefault(uid, [])
        if not revisions or revisions[-1] != scan:
            revisions.append(scan)

    def reject(self, uid: str) -> None:
        """The newest revision and all before it; of a scan that never came its first."""
        self.rejected[uid] = max(self.rejected.get(uid, 0), len(self.scans.get(uid, [])), 1)

    def restore(self, uid: str) -> None:
        """No rejection of it stands."""
        self.rejected.pop(uid, None)

    def merge(self, patient: str, into: str) -> None:
        """Unless it is merged already, or would come to lie below itself."""
        if patient not in self.merged and self.root(into) != patient:
            self.merged[patient] = into

    def unmerge(self, patient: str) -> None:
        """Unless it is not merged."""
        self.merged.pop(patient, None)

    def root(self, patient: str) -> str:
        """Whose timeline it is."""
        while patient in self.merged:
            patient = self.merged[patient]
        return patient

    def owner(self, uid: str) -> str:
        """On whose timeline a scan belongs."""
        return self.root(self.moved.get(uid, self.received_as[uid]))

    def known(self, patient: str) -> dict[str, Any]:
        """Clinical facts of a timeline: of several records merged into one, its own come last."""
        records = sorted((one == patient, one) for one in self.clinical if self.root(one) == patient)
        return {name: value for _, one in records for name, value in self.clinical[one].items()}

    def disease(self, patient: str, scan: Scan) -> str:
        """What the clinical facts of the timeline say, else the scan itself."""
        return self.known(patient).get("disease") or scan.disease

    def timeline(self, patient: str) -> list[tuple[dt.datetime, bool, str, Scan | Drug]]:
        """What stands, in order: at, whether it is a treatment, its id, and what it is."""
        entries: list[tuple[dt.datetime, bool, str, Scan | Drug]] = [
            (revisions[-1].at, False, uid, revisions[-1])
            for uid, revisions in self.scans.items()
            if self.owner(uid) == patient and len(revisions) > self.rejected.get(uid, 0)
        ]
        entries += [(drug.start, True, uid, drug) for uid, drug in self.drugs.items()
                    if self.root(drug.patient) == patient and not drug.withdrawn]  # fmt: skip
        return sorted(entries, key=lambda entry: entry[:3])

    def placements(self) -> set[tuple[str, str, int, dt.datetime]]:
        """(patient, id, revision, at) of every scan that stands."""
        return {
            (patient, uid, len(self.scans[uid]), at)
            for patient in {self.owner(uid) for uid in self.scans}
            for at, is_drug, uid, _ in self.timeline(patient) if not is_drug
        }  # fmt: skip

    def states(self, forecaster: Forecaster) -> Iterator[tuple[str, str, int, bytes, tuple[Forecast, ...]]]:
        """(patient, scan, position, state, forecasts) after every scan that the model applies to."""
        for patient in sorted({self.owner(uid) for uid in self.scans}):
            state, last, begun, known = forecaster.initial(1), None, [], self.known(patient)
            for position, (at, is_drug, uid, what) in enumerate(self.timeline(patient), start=1):
                if is_drug:
                    begun.append(what)
                    continue
                x = np.append(features(what.measurements), what.looks or [np.nan] * len(IMAGE_NAMES))
                disease = self.disease(patient, what)
                if forecaster.applies(disease, x):
                    elapsed, last = (at - last) / DAY if last else 0.0, at
                    in_force = tuple(_in_force(drug, at) for drug in begun)
                    timepoint = Timepoint(x, elapsed, disease, in_force, known)
                    state, (said,) = forecaster.advance(state, [timepoint])
                    yield patient, uid, position, state[0].tobytes(), tuple(said)

    def current(self, leads: dict[str, Forecaster]) -> dict[tuple, tuple]:
        """(patient, endpoint, horizon) → risk and scan: of the weights that lead for its disease, from the latest."""
        latest: dict[tuple, tuple] = {}
        for disease, forecaster in leads.items():
            for patient, uid, _, _, said in self.states(forecaster):
                newest = self.scans[uid][-1]
                for one in of_kind(RiskForecast, said) if self.disease(patient, newest) == disease else ():
                    key = (patient, one.endpoint, one.horizon_kind, one.horizon_days)
                    latest[key] = max(latest.get(key, ()), (newest.at, uid, one.risk))
        return {key: (risk, uid) for key, (_, uid, risk) in latest.items()}


def _in_force(drug: Drug, at: dt.datetime) -> TreatmentInForce:
    ended = drug.end is not None and drug.end <= at
    return TreatmentInForce(drug.name, "drug", (at - drug.start) / DAY, (at - drug.end) / DAY if ended else None)
