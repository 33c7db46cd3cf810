"""What must stand, as plainly as it can be said: the list of everything accepted, and one walk over each timeline.

It shares nothing with the service but `models/` and the reference for lesions over time, which `verify` has apart from
the worker: no rows, no digests, no messages, no order of arrival.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from models.criteria.visit import TreatmentStart
from models.forecast import Forecast, GrowthMap, RiskForecast, of_kind
from models.serving.forecaster import Forecaster
from models.timepoint import Timepoint, TreatmentInForce
from stream.services.verify.reference_lesions import Word
from tests.random_programs.plain_course import (
    Outcome,
    PlainCourse,
    Scan,
    Visit,
    known_last,
    visits,
    with_lesions,
)

DAY = dt.timedelta(days=1)
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Treatment:
    """A treatment as it was told last; `at`: where it stands."""

    patient: str
    name: str
    kind: str
    start: dt.datetime
    end: dt.datetime | None
    at: dt.datetime
    line: int | None
    withdrawn: bool


class Step(NamedTuple):
    """What a model says after a visit; `disease` as it sees it there, `position` of the visit's last scan.

    Of what was `said` some stands in `forecasts`, and some has `ended` as its question closed after the visit.
    """

    patient: str
    visit: Visit
    disease: str
    position: int
    state: bytes
    forecasts: tuple[Forecast, ...]
    ended: tuple[Forecast, ...]
    said: tuple[Forecast, ...]


@dataclass
class Accepted:
    """Everything accepted so far."""

    received_as: dict[str, str] = field(default_factory=dict)
    scans: dict[str, list[Scan]] = field(default_factory=dict)  # revision 1 first
    rejected: dict[str, int] = field(default_factory=dict)  # this revision and all lower ones do not count
    treatments: dict[str, Treatment] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], Outcome | None] = field(default_factory=dict)  # by patient and endpoint
    clinical: dict[str, dict[str, Any]] = field(default_factory=dict)
    words: dict[str, tuple[str, Word | None]] = field(default_factory=dict)  # of whom; None: taken back
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

    def disease(self, patient: str, own: str) -> str:
        """What the clinical facts of the timeline say, else what its scans say."""
        told: str | None = self.known(patient).get("disease")
        return told or own

    @property
    def patients(self) -> list[str]:
        """Everybody on whose timeline a scan belongs."""
        return sorted({self.owner(uid) for uid in self.scans})

    def treated(self, patient: str) -> list[tuple[str, Treatment]]:
        """Id and treatment, of all that stand."""
        return [(uid, one) for uid, one in self.treatments.items()
                if self.root(one.patient) == patient and not one.withdrawn]  # fmt: skip

    def timeline(self, patient: str) -> list[tuple[dt.datetime, bool, str]]:
        """What stands, in order: at, whether it is a treatment, its id."""
        scans = [(revisions[-1].at, False, uid) for uid, revisions in self.scans.items()
                 if self.owner(uid) == patient and len(revisions) > self.rejected.get(uid, 0)]  # fmt: skip
        return sorted([*scans, *((one.at, True, uid) for uid, one in self.treated(patient))])

    def placements(self) -> set[tuple[str, str, int, dt.datetime]]:
        """(patient, id, revision, at) of every scan that stands."""
        return {
            (patient, uid, len(self.scans[uid]), at)
            for patient in self.patients
            for at, is_treatment, uid in self.timeline(patient) if not is_treatment
        }  # fmt: skip

    def course(self, patient: str, active: Collection[Forecaster]) -> PlainCourse:
        """Visits, verdicts and open questions; endpoints are asked where weights forecast them for a disease of it."""
        scans = [(uid, len(self.scans[uid]), self.scans[uid][-1])
                 for _, is_treatment, uid in self.timeline(patient) if not is_treatment]  # fmt: skip
        own = [scan.disease for *_, scan in scans]
        diseases = {self.disease(patient, one) for one in own}
        cards = [one.card for one in active if diseases & set(one.card.applies_to.diseases)]
        asked = {each.endpoint for card in cards for each in card.endpoints}
        starts = [TreatmentStart(one.start.date(), one.kind, one.line) for _, one in sorted(self.treated(patient))]
        outcomes = [one for (told_of, _), one in self.outcomes.items() if one and self.root(told_of) == patient]
        disease = self.disease(patient, known_last(own))
        words = [word for _, (of, word) in sorted(self.words.items()) if word and self.root(of) == patient]
        return PlainCourse(with_lesions(visits(scans), words), starts, outcomes, disease, asked, self.known(patient))

    def course_rows(self, active: Collection[Forecaster]) -> list[Row]:
        """(table, patient, columns …) of every visit, verdict and question."""
        rows: list[Row] = []
        for patient in self.patients:
            course = self.course(patient, active)
            revisions = {visit.uid: visit.scans[-1][1] for visit in course.visits}
            for visit in course.visits:
                scans = tuple(uid for uid, *_ in visit.scans)
                rows.append(("visits", patient, visit.uid, visit.at, course.line_of(visit), scans))
            for criterion, lines in course.by_criterion.items():
                verdicts = [verdict for line in lines for verdict in line.verdicts]
                rows += [("responses", patient, criterion, revisions[one.scan_uid], *one)
                         for one in verdicts]  # fmt: skip
            rows += [("endpoint_statuses", patient, *key, *answer) for key, answer in course.statuses.items()]
        return rows

    def steps(self, forecaster: Forecaster, active: Collection[Forecaster]) -> Iterator[Step]:
        """One after every visit that the model applies to."""
        for patient in self.patients:
            state, last, known = forecaster.initial(1), None, self.known(patient)
            course = self.course(patient, active)
            position = {uid: number for number, (_, _, uid) in enumerate(self.timeline(patient), start=1)}
            for visit in course.visits:
                x, disease = course.seen(visit), self.disease(patient, visit.disease)
                if not forecaster.applies(disease, list(x)):
                    continue
                if course.begins_line(visit):
                    state, last = forecaster.initial(1), None
                elapsed, last = (visit.at - last) / DAY if last else 0.0, visit.at
                timepoint = Timepoint(x, elapsed, disease, self._in_force(patient, visit.at), known, visit.outlines)
                state, (said,) = forecaster.advance(state, [timepoint])
                stand = tuple(one for one in said if course.stands(visit, one))
                ended = tuple(one for one in said if course.ended(visit, one))
                yield Step(patient, visit, disease, position[visit.uid], state[0].tobytes(), stand, ended, tuple(said))

    def _in_force(self, patient: str, at: dt.datetime) -> tuple[TreatmentInForce, ...]:
        """Treatments begun by then, in their order; a baseline that a person sets is none."""
        begun = sorted((one.at, uid) for uid, one in self.treated(patient) if one.at < at and one.kind != "baseline")
        return tuple(_seen_at(at, self.treatments[uid]) for _, uid in begun)

    def states(self, forecaster: Forecaster, active: Collection[Forecaster]) -> Iterator[Row]:
        """What stands by one model: patient, last scan, its revision, time, position, state, forecasts."""
        for patient, visit, _, position, state, stand, *_ in self.steps(forecaster, active):
            maps = sorted(of_kind(GrowthMap, stand))  # a lesion that is followed longer is looked at first
            yield patient, visit.uid, visit.scans[-1][1], visit.at, position, state, tuple(maps) or stand

    def ended(self, forecaster: Forecaster, active: Collection[Forecaster]) -> tuple[set[Row], set[Row]]:
        """(last scan, forecast): what one model must have said though it stands no more, and all that it may have."""
        steps = list(self.steps(forecaster, active))
        must = {(step.visit.uid, one) for step in steps for one in step.ended}
        return must, {(step.visit.uid, one) for step in steps for one in step.said if one not in step.forecasts}

    def current(self, leads: Mapping[str, Forecaster], active: Collection[Forecaster]) -> list[Row]:
        """(patient, endpoint, horizon, risk, scan): of the weights that lead for its disease, from the latest visit."""
        latest: dict[Row, Row] = {}
        for disease, forecaster in leads.items():
            for patient, visit, seen_as, _, _, stand, *_ in self.steps(forecaster, active):
                for one in of_kind(RiskForecast, stand) if seen_as == disease else ():
                    key = (patient, one.endpoint, one.horizon_kind, one.horizon_days)
                    latest[key] = max(latest.get(key, ()), (visit.at, visit.uid, one.risk))
        return [(*key, risk, uid) for key, (_, uid, risk) in latest.items()]


def _seen_at(at: dt.datetime, told: Treatment) -> TreatmentInForce:
    since_end = (at - told.end) / DAY if told.end is not None and told.end <= at else None
    return TreatmentInForce(told.name, told.kind, (at - told.start) / DAY, since_end)
