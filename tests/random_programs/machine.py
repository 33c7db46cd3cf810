"""Random programs: facts arrive, bells ring late, twice, out of order or never, workers die; then all is compared."""

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from models.forecast import Forecast, ResponseForecast, RiskForecast, SizeForecast
from models.serving.forecaster import Forecaster, load_forecaster
from stream.endpoints import libpq_url
from stream.errors import AnswerIsNo
from stream.services import leading
from stream.services.facts.clinical import ImportedVisit
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery.sweep import PATIENCE, sweep
from stream.storage.database import TIMEOUTS, UTC, Outage
from tests.database import Database
from tests.other_weights import image_weights, other_weights
from tests.random_programs.plain_model import Accepted, Drug, Scan
from tests.services.accepted_facts import accept, apply_identity, breast, drug, forecasters, lung
from tests.services.waiting import threads

PATIENTS, SCANS, WORKERS = ("A", "B", "C"), 4, 2
DAYS = (0, 21, 42, 42, 90, 180)
A_YEAR = dt.timedelta(days=365)
SAID = {RiskForecast: "forecasts", SizeForecast: "size_forecasts", ResponseForecast: "response_probabilities"}
_programs = itertools.count()

patients = st.sampled_from(PATIENTS)
names = st.integers(0, SCANS - 1)
days = st.sampled_from(DAYS)
sizes = st.sampled_from((0.0, 8.0, 20.0, 24.5, 61.0))
looks = st.sampled_from(((), (1.03, 4.2, 0.06, 8.4, 36.0, 0.29), (1.06, 4.3, 0.05, 8.6, 60.0, 0.22)))
"""Of a lesion in an image; () without one."""
told_diseases = st.sampled_from(({}, *({"disease": told} for told in (None, "lung", "breast", "bladder"))))
"""What clinical facts say of it: nothing, that it is not known after all, or which."""
workers = st.integers(0, WORKERS - 1)
anything = st.integers(0, 99)
"""Chooses one of what there is."""
deaths = st.none() | st.integers(0, 40)
"""After how many statements a worker's connection is cut; None: it lives."""


class Mortal(psycopg.Connection):
    """A connection that is cut before the statement after next, or whenever it was told."""

    left: int | None = None

    def execute(self, *args: Any, **more: Any) -> psycopg.Cursor:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.close()
                raise psycopg.OperationalError("the worker has died")
        return super().execute(*args, **more)


@dataclass
class Service:
    """What programs share: a database, weights that come some time, and who leads for lung cancer.

    Of those that come `new` may lead, `seeing` see images and stay in the shadow.
    """

    database: Database
    new: Forecaster
    seeing: Forecaster
    lead: Forecaster = field(default_factory=lambda: BY_MODEL["progression"])
    active: list[Forecaster] = field(default_factory=lambda: list(forecasters()))

    @property
    def held(self) -> list[Forecaster]:
        """Weights that a worker holds."""
        return [*forecasters(), self.new, self.seeing]

    @classmethod
    def of(cls, database: Database, folder: Path) -> Self:
        """With weights made in `folder`."""
        other_weights(folder / "new")
        image_weights(folder / "seeing")
        return cls(database, load_forecaster(folder / "new", "cpu"), load_forecaster(folder / "seeing", "cpu"))


BY_MODEL = {one.card.model: one for one in forecasters()}


class Programs(RuleBasedStateMachine):
    """One program; `service` is set before a run. Patients of each program are its own, so none has to be removed."""

    service: Service

    @initialize()
    def begin(self) -> None:
        self.name = f"program{next(_programs)}"
        self.accepted = Accepted()
        self.bells: list[tuple[str, str]] = []
        self.door = self.service.database.connect()
        self.connections = [self._connect() for _ in range(WORKERS)]
        self.workers = [Reconciler(connection, self.service.held) for connection in self.connections]

    @rule(patient=patients, number=names, on_day=days, size=sizes, is_breast=st.booleans(), looks=looks)
    def a_scan_comes_or_is_corrected(
        self, patient: str, number: int, on_day: int, size: float, is_breast: bool, looks: tuple[float, ...]
    ) -> None:
        patient, name = self._named(patient), str(number)
        visit = breast(patient, name, on_day, size, size) if is_breast else lung(patient, name, on_day, size)
        visit = replace(visit, measured=replace(visit.measured, embedding=looks))
        accept(self.door, visit)
        self.accepted.scan(visit.scan_uid, patient, _scan(visit))
        self.bells.append(("scan", visit.scan_uid))

    @rule(patient=patients, start=days, length=st.sampled_from((None, 30)), withdrawn=st.booleans())
    def a_treatment_is_told(self, patient: str, start: int, length: int | None, withdrawn: bool) -> None:
        patient = self._named(patient)
        told = drug(patient, "docetaxel", start, None if length is None else start + length, withdrawn)
        accept(self.door, told)
        self.accepted.drugs[told.treatment_id] = Drug(patient, told.name, told.start_at, told.end_at, withdrawn)
        self.bells.append(("patient", patient))

    @rule(patient=patients, age=st.integers(40, 43), disease=told_diseases)
    def a_clinical_fact_is_told(self, patient: str, age: int, disease: dict[str, str | None]) -> None:
        told = {"age": age} | disease
        accept(self.door, (self._named(patient), told))
        self.accepted.clinical.setdefault(self._named(patient), {}).update(told)
        self.bells.append(("patient", self._named(patient)))

    @rule(some=anything)
    def a_scan_is_rejected(self, some: int) -> None:
        uid = self._some_scan(some)
        self._say(Rejection(uid, None, "quality", "someone"))
        self.accepted.reject(uid)

    @rule(some=anything)
    def a_rejection_is_withdrawn(self, some: int) -> None:
        rejected = sorted(self.accepted.rejected)
        uid = rejected[some % len(rejected)] if rejected else self._some_scan(some)
        self._say(Rejection(uid, None, "other", "someone", withdrawn=True))
        self.accepted.restore(uid)

    @rule(patient=patients, into=patients)
    def two_patients_are_one(self, patient: str, into: str) -> None:
        self._identity("merge", self._named(patient), self._named(into), None)
        self.accepted.merge(self._named(patient), self._named(into))

    @rule(some=anything)
    def they_are_two_after_all(self, some: int) -> None:
        patient = (sorted(self.accepted.merged) or [self._named("A")])[some % max(len(self.accepted.merged), 1)]
        self._identity("unmerge", patient, None, None)
        self.accepted.unmerge(patient)

    @rule(some=anything, to=patients)
    def a_scan_is_moved(self, some: int, to: str) -> None:
        uid = self._some_scan(some)
        self._identity("move", None, self._named(to), uid)
        self.accepted.moved[uid] = self._named(to)

    @rule(worker=workers, take=st.integers(1, 6), order=st.randoms(use_true_random=False), death=deaths)
    def a_worker_takes_bells(self, worker: int, take: int, order: Any, death: int | None) -> None:
        order.shuffle(self.bells)
        taken, self.bells = self.bells[:take], self.bells[take:]
        if not self._lives_through(worker, lambda one: self._bring_into_line(one, taken), death):
            self.bells += taken  # not acknowledged: they come again

    @rule(some=anything, twice=st.booleans())
    def a_message_is_doubled_or_lost(self, some: int, twice: bool) -> None:
        if self.bells:
            one = self.bells.pop(some % len(self.bells))
            self.bells += [one, one] if twice else []

    @rule(worker=workers, death=deaths)
    def identity_events_take_effect(self, worker: int, death: int | None) -> None:
        self._lives_through(worker, lambda one: apply_identity(self.connections[one], self.workers[one]), death)

    @rule(patient=patients, worker=workers, death=deaths)
    def a_patient_is_replayed(self, patient: str, worker: int, death: int | None) -> None:
        afresh = [one.weights_version for one in self.service.active]
        replay = lambda one: self.workers[one].patients([self._named(patient)], afresh)  # noqa: E731
        self._lives_through(worker, replay, death)

    @rule(sees_images=st.booleans())
    def new_weights_come(self, sees_images: bool) -> None:
        new = self.service.seeing if sees_images else self.service.new
        if new not in self.service.active:
            leading.put_in_service(self.door, new.card, "someone", None)
            self.service.active.append(new)

    @rule(is_new=st.booleans())
    def weights_are_promoted(self, is_new: bool) -> None:
        wanted = self.service.new if is_new else BY_MODEL["progression"]
        if wanted in self.service.active:
            with suppress(AnswerIsNo):  # a scan lacks its state: what led goes on leading
                leading.promote(self.door, wanted.weights_version, "someone", None)
                self.service.lead = wanted

    @rule()
    def both_workers_work_at_once(self) -> None:
        with threads() as start:
            working = [start(self._bring_into_line, worker, self.bells) for worker in range(WORKERS)]
            for one in working:
                one.result()
        self.bells = []

    def teardown(self) -> None:
        """The sweep rings for what was lost; then everything stands that must, and nothing else."""
        if not hasattr(self, "accepted"):
            return
        self._settle()
        assert _placements(self.door, self.name) == self.accepted.placements()
        for forecaster in self.service.active:
            assert _states(self.door, self.name, forecaster.weights_version) == sorted(self.accepted.states(forecaster))
        leads = {"lung": self.service.lead, "bladder": self.service.lead, "breast": BY_MODEL["response"]}
        assert _current(self.door, self.name) == self.accepted.current(leads)
        for connection in (self.door, *self.connections):
            connection.close()

    def _settle(self) -> None:
        worker = self.workers[0]
        while True:
            apply_identity(self.connections[0], worker)
            found = sweep(self.door, dt.datetime.now(dt.UTC) + 2 * PATIENCE, A_YEAR)
            assert found is not None
            waiting = [(uid, rev) for uid, rev, _ in found.timepoints]
            if not waiting and not found.patients:
                return
            worker.scans([uid for uid, _ in waiting])
            worker.patients(found.patients)

    def _bring_into_line(self, worker: int, bells: Sequence[tuple[str, str]]) -> None:
        self.workers[worker].scans([name for kind, name in bells if kind == "scan"])
        self.workers[worker].patients([name for kind, name in bells if kind == "patient"])

    def _lives_through(self, worker: int, act: Callable[[int], object], death: int | None) -> bool:
        """Whether the worker did `act` to its end; one that died is followed by another."""
        self.connections[worker].left = death
        try:
            act(worker)
        except Outage:
            self.connections[worker] = self._connect()
            self.workers[worker] = Reconciler(self.connections[worker], self.service.held)
            return False
        self.connections[worker].left = None
        return True

    def _identity(self, kind: str, patient: str | None, other: str | None, scan: str | None) -> None:
        event_id = f"{self.name}-{next(_programs)}"
        accept_identity(self.door, IdentityEvent(event_id, kind, patient, other, scan, "someone"))

    def _say(self, rejection: Rejection) -> None:
        with self.door.transaction():
            accept_rejections(self.door, [rejection], dt.datetime.now(dt.UTC))
        self.bells.append(("scan", rejection.scan_uid))

    def _some_scan(self, some: int) -> str:
        """One that came, or one that did not come yet."""
        uids = [*sorted(self.accepted.scans), f"{self._named('A')}/{some % SCANS}"]
        return uids[some % len(uids)]

    def _named(self, patient: str) -> str:
        return f"{self.name}{patient}"

    def _connect(self) -> Mortal:
        options = f"{UTC} {TIMEOUTS}"
        return Mortal.connect(libpq_url(self.service.database.settings, "worker"), autocommit=True, options=options)


def _scan(visit: ImportedVisit) -> Scan:
    return Scan(visit.acquired_at, visit.disease, visit.measured.measurements, visit.measured.embedding)


def _placements(connection: psycopg.Connection, program: str) -> set[tuple]:
    return set(connection.execute(
        """SELECT patient_id, id, revision, at FROM core.placements
        WHERE kind = 'scan' AND ended_by IS NULL AND starts_with(patient_id, %s)""", [program]).fetchall())  # fmt: skip


def _current(connection: psycopg.Connection, program: str) -> dict[tuple, tuple]:
    """(patient, endpoint, horizon) → risk and scan, as everybody sees it."""
    rows = connection.execute(
        """SELECT patient_id, endpoint, horizon_kind, horizon_days, risk, scan_uid FROM scanstream.current_risk
        WHERE starts_with(patient_id, %s)""", [program]).fetchall()  # fmt: skip
    return {row[:4]: row[4:] for row in rows}


def _states(connection: psycopg.Connection, program: str, version: str) -> list[tuple]:
    """(patient, scan, position, state, forecasts) of everything that stands."""
    said: dict[str, list[Forecast]] = {}
    for kind, table in SAID.items():
        fields = ", ".join(kind._fields)
        for uid, *values in connection.execute(
            f"""SELECT scan_uid, {fields} FROM core.{table} WHERE superseded_by IS NULL AND weights_version = %s
            AND starts_with(patient_id, %s) ORDER BY 1, 2, 3, 4""",
            [version, program],
        ):
            said.setdefault(uid, []).append(kind(*map(_frozen, values)))
    rows = connection.execute(
        """SELECT patient_id, scan_uid, position, state FROM core.states
        WHERE superseded_by IS NULL AND weights_version = %s AND starts_with(patient_id, %s)""",
        [version, program],
    )
    return sorted((*row, tuple(said.get(row[1], ()))) for row in rows)  # fmt: skip


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
