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

from models.serving.forecaster import Forecaster, load_forecaster
from stream.endpoints import libpq_url
from stream.errors import AnswerIsNo
from stream.services import leading
from stream.services.facts.clinical import Outcome, Treatment, accept_outcomes
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.facts.lesion_facts import ALONE, WITH_DAY, LesionFact, accept_lesion_fact
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery.sweep import PATIENCE, sweep
from stream.services.verify.reference_lesions import Word
from stream.storage.database import TIMEOUTS, UTC, Outage
from stream.vocabulary import LesionRelation
from tests.database import Database
from tests.other_weights import encoded_weights, growth_of_lungs, image_weights, other_weights
from tests.random_programs import plain_course, standing_rows, told
from tests.random_programs.plain_model import Accepted
from tests.random_programs.standing_rows import same, within
from tests.random_programs.told import ToldScan, plain_scan, plain_treatment
from tests.services.accepted_facts import accept, apply_identity, forecasters
from tests.services.outlined_visits import accept_outlined
from tests.services.waiting import threads

WORKERS = 2
A_YEAR = dt.timedelta(days=365)
BY_MODEL = {one.card.model: one for one in forecasters()}
_programs = itertools.count()

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

    Of those that come `new` may lead; `seeing` see images, `encoding` what an encoder says, `drawing` draw growth maps:
    these stay in the shadow.
    """

    database: Database
    new: Forecaster
    seeing: Forecaster
    encoding: Forecaster
    drawing: Forecaster
    lead: Forecaster = field(default_factory=lambda: BY_MODEL["progression"])
    active: list[Forecaster] = field(default_factory=lambda: list(forecasters()))

    @property
    def held(self) -> list[Forecaster]:
        """Weights that a worker holds."""
        return [*forecasters(), self.new, self.seeing, self.encoding, self.drawing]

    @classmethod
    def of(cls, database: Database, folder: Path) -> Self:
        """With weights made in `folder`."""
        other_weights(folder / "new")
        image_weights(folder / "seeing")
        encoded_weights(folder / "encoding")
        loaded = (load_forecaster(folder / name, "cpu") for name in ("new", "seeing", "encoding"))
        return cls(database, *loaded, growth_of_lungs())


class Programs(RuleBasedStateMachine):
    """One program; `service` is set before a run. Patients of each program are its own, so none has to be removed."""

    service: Service

    @initialize(scans=st.lists(told.scans, max_size=8), draws=st.booleans())
    def begin(self, scans: Sequence[ToldScan], draws: bool) -> None:
        self.name = f"program{next(_programs)}"
        self.accepted = Accepted()
        self.bells: list[tuple[str, str]] = []
        self.door = self.service.database.connect()
        self.connections = [self._connect() for _ in range(WORKERS)]
        self.workers = [Reconciler(connection, self.service.held) for connection in self.connections]
        if draws:
            self.new_weights_come("drawing")
        for scan in scans:
            self.a_scan_comes_or_is_corrected(scan)

    @rule(scans=st.lists(told.scans, min_size=1, max_size=4))
    def scans_come_or_are_corrected(self, scans: Sequence[ToldScan]) -> None:
        for scan in scans:
            self.a_scan_comes_or_is_corrected(scan)

    def a_scan_comes_or_is_corrected(self, told: ToldScan) -> None:
        visit = told.visit(self.name)
        accept_outlined(self.door, visit)
        self.accepted.scan(visit.scan_uid, visit.received_as, plain_scan(visit))
        self.bells.append(("scan", visit.scan_uid))

    @rule(told=told.treatments)
    def a_treatment_is_told(self, told: Treatment) -> None:
        told = replace(told, received_as=self._named(told.received_as))
        accept(self.door, told)
        self.accepted.treatments[told.treatment_id] = plain_treatment(told)
        self.bells.append(("patient", told.received_as))

    @rule(patient=told.patients, told=told.outcomes, withdrawn=st.booleans())
    def an_outcome_is_told(self, patient: str, told: plain_course.Outcome, withdrawn: bool) -> None:
        patient = self._named(patient)
        outcome = Outcome(patient, told.endpoint, told.at, told.event, withdrawn)
        with self.door.transaction():
            accept_outcomes(self.door, [outcome], dt.datetime.now(dt.UTC))
        self.accepted.outcomes[patient, told.endpoint] = None if withdrawn else told
        self.bells.append(("patient", patient))

    @rule(patient=told.patients, age=st.integers(40, 43), disease=told.told_diseases)
    def a_clinical_fact_is_told(self, patient: str, age: int, disease: dict[str, str | None]) -> None:
        facts = {"age": age} | disease
        accept(self.door, (self._named(patient), facts))
        self.accepted.clinical.setdefault(self._named(patient), {}).update(facts)
        self.bells.append(("patient", self._named(patient)))

    @rule(patient=told.patients, relation=st.sampled_from(LesionRelation), one=anything, other=anything,
          on=told.days, withdrawn=st.booleans())  # fmt: skip
    def somebody_speaks_of_lesions(
        self, patient: str, relation: LesionRelation, one: int, other: int, on: float, withdrawn: bool
    ) -> None:
        names = told.lesion_names(self.name)
        first, second = names[one % len(names)], names[other % len(names)]
        if first == second:
            return
        day_of = told.day(on).date() if relation in WITH_DAY else None
        fact = LesionFact(
            self._named(patient), relation, first, None if relation in ALONE else second, day_of, withdrawn
        )
        with self.door.transaction():
            accepted = accept_lesion_fact(self.door, fact, "someone", None, dt.datetime.now(dt.UTC))
        if accepted:
            word = Word(fact.relation, fact.lesion_uid, fact.other_uid, fact.day)
            self.accepted.words[fact.link_id] = (fact.received_as, None if withdrawn else word)
        self.bells.append(("patient", fact.received_as))

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

    @rule(patient=told.patients, into=told.patients)
    def two_patients_are_one(self, patient: str, into: str) -> None:
        self._identity("merge", self._named(patient), self._named(into), None)
        self.accepted.merge(self._named(patient), self._named(into))

    @rule(some=anything)
    def they_are_two_after_all(self, some: int) -> None:
        patient = (sorted(self.accepted.merged) or [self._named("A")])[some % max(len(self.accepted.merged), 1)]
        self._identity("unmerge", patient, None, None)
        self.accepted.unmerge(patient)

    @rule(some=anything, to=told.patients)
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

    @rule(patient=told.patients, worker=workers, death=deaths)
    def a_patient_is_replayed(self, patient: str, worker: int, death: int | None) -> None:
        afresh = [one.weights_version for one in self.service.active]
        replay = lambda one: self.workers[one].patients([self._named(patient)], afresh)  # noqa: E731
        self._lives_through(worker, replay, death)

    @rule(which=st.sampled_from(("new", "seeing", "encoding", "drawing")))
    def new_weights_come(self, which: str) -> None:
        new: Forecaster = getattr(self.service, which)
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
        """In the end no connection is left open, whatever was found."""
        if not hasattr(self, "workers"):
            return
        try:
            self._compare()
        finally:
            for connection in (self.door, *self.connections):
                connection.close()

    def _compare(self) -> None:
        """The sweep rings for what was lost; then everything stands that must, and nothing else."""
        self._settle()
        active = self.service.active
        same(standing_rows.placements(self.door, self.name), self.accepted.placements())
        same(standing_rows.course(self.door, self.name), self.accepted.course_rows(active))
        for forecaster in active:
            states = standing_rows.states(self.door, self.name, forecaster.weights_version)
            same(states, self.accepted.states(forecaster, active))
            ended = standing_rows.ended(self.door, self.name, forecaster.weights_version)
            within(ended, *self.accepted.ended(forecaster, active))
        leads = {"lung": self.service.lead, "bladder": self.service.lead, "breast": BY_MODEL["response"]}
        same(standing_rows.current(self.door, self.name), self.accepted.current(leads, active))

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
        finally:
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
        uids = [*sorted(self.accepted.scans), f"{self._named('A')}/{some % told.SCANS}"]
        return uids[some % len(uids)]

    def _named(self, patient: str) -> str:
        return f"{self.name}{patient}"

    def _connect(self) -> Mortal:
        options = f"{UTC} {TIMEOUTS}"
        return Mortal.connect(libpq_url(self.service.database.settings, "worker"), autocommit=True, options=options)
