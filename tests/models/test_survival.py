"""The hazard of death: what counts as known of a patient, and whether the model finds what the simulation put there."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sksurv.metrics import concordance_index_ipcw
from sksurv.util import Surv
from typer.testing import CliRunner

from models.evaluate import cross_validated
from models.features import FEATURE_NAMES, MEASURED_NAMES
from models.judging.judge import risks_at
from models.judging.tripod import complete
from models.serving.forecaster import Forecaster
from models.simulated import NOTHING_REAL, patient_id, write_tables
from models.simulation.deaths import death_hazard, grade_of, outcome
from models.simulation.patients import SimulatedPatient, simulate
from models.statistics.metrics import uno_c
from models.tables.records import PatientRecord, VisitRecord, load_records
from models.training.blueprints import SURVIVAL
from models.training.crossvalidation import forecast
from models.training.fit import card_of, fit_forecaster
from models.training.landmarks import Landmarks, landmarks, questions
from models.training.samples import usable
from stream.__main__ import build_app
from stream.errors import CannotStart
from tests.models.timelines import features_of

pytestmark = pytest.mark.usefixtures("few_trees")
WITHIN_180, WITHIN_365 = SURVIVAL.endpoints
QUICK = replace(SURVIVAL, architecture=replace(SURVIVAL.architecture, members=3))
SEEN = 350
IMAGED = slice(len(MEASURED_NAMES), len(FEATURE_NAMES))


@pytest.fixture(scope="module")
def simulated() -> dict[str, SimulatedPatient]:
    """The patients of the tables, by id."""
    return {patient_id(one): one for one in simulate(600)}


@pytest.fixture(scope="module")
def patients(simulated: dict[str, SimulatedPatient], tmp_path_factory: pytest.TempPathFactory) -> list[PatientRecord]:
    folder = tmp_path_factory.mktemp("tables")
    write_tables(folder, list(simulated.values()))
    return usable(load_records(folder), SURVIVAL)


@pytest.fixture(scope="module")
def learned(patients: Sequence[PatientRecord]) -> Forecaster:
    """What a few members make of the first patients."""
    return fit_forecaster(QUICK, patients[:SEEN], 1)


def patient(*days: float, death: tuple[float | None, bool] | None) -> PatientRecord:
    """Someone with a visit on each of `days`, of whose death this is said."""
    visits = tuple(VisitRecord(day, str(day), features_of(sum_of_diameters=40.0)) for day in days)
    return PatientRecord("p", "lung", visits, {}, (), {} if death is None else {"death": death})


def followed(*timelines: PatientRecord) -> list[tuple[float, bool]]:
    """Days and event at every visit of which something is known."""
    rows = landmarks(timelines, SURVIVAL)
    return list(zip(rows.time_days.tolist(), rows.event.tolist(), strict=True))


def test_follow_up_ends_at_death_or_on_the_last_day_known_alive() -> None:
    assert followed(patient(0, 50, death=(170, True))) == [(170, True), (120, True)]
    assert followed(patient(0, 50, death=(170, False))) == [(170, False), (120, False)]
    assert followed(patient(0, 90, death=(60, False))) == [(90, False)], "came to a visit later: alive until then"
    assert followed(patient(0, 200, death=(170, True))) == [(170, True)], "no forecast counts after the death"


def test_without_a_word_or_a_day_nothing_is_known_of_a_death() -> None:
    assert followed(patient(0, 50, death=None), patient(0, 50, death=(None, True))) == []


def test_dead_before_the_horizon_is_a_case_lost_before_it_neither_and_alive_then_a_control() -> None:
    dead, lost, alive = (patient(0, death=death) for death in ((100, True), (100, False), (400, False)))
    weights = landmarks([dead, lost, alive], SURVIVAL).weights(WITHIN_180, np.ones(3))
    assert (weights.case > 0).tolist() == [True, False, False]
    assert (weights.control > 0).tolist() == [False, False, True]
    within_a_year = landmarks([dead, lost, alive], SURVIVAL).weights(WITHIN_365, np.ones(3))
    assert within_a_year.control[2] > 1, "who stayed counts for those who were lost too"


def test_nobody_asks_whether_a_patient_is_dead_at_the_next_visit() -> None:
    assert questions(SURVIVAL) == (WITHIN_180, WITHIN_365)


def test_simulated_patients_die_the_sooner_the_more_there_is_and_the_worse_and_are_not_scanned_afterwards(
    patients: Sequence[PatientRecord], simulated: dict[str, SimulatedPatient]
) -> None:
    last_days = [(one.visits[-1].day, *one.outcomes["death"]) for one in patients]
    assert all(visit < day for visit, day, died in last_days if died)
    assert 0.2 < np.mean([died for *_, died in last_days]) < 0.5
    burden = np.array([np.nanmax([visit.x[0] for visit in one.visits]) for one in patients])
    died = np.array([died for *_, died in last_days])
    grade = np.array([grade_of(simulated[one.patient_id]) for one in patients])
    for worse in (burden, grade):
        assert died[worse > np.median(worse)].mean() > 1.5 * died[worse <= np.median(worse)].mean()


def test_a_larger_cohort_dies_the_same_deaths() -> None:
    assert [outcome(one) for one in simulate(20)] == [outcome(one) for one in simulate(40)[:20]]


def within_a_year(forecaster: Forecaster, patients: Sequence[PatientRecord]) -> tuple[Landmarks, np.ndarray]:
    """The visits that count, and the risk there."""
    rows = landmarks(patients, SURVIVAL)
    return rows, risks_at(rows, forecast(forecaster, patients), SURVIVAL)[:, 1]


def ranks(rows: Landmarks, risk: np.ndarray) -> float:
    """Uno's C within a year."""
    return float(uno_c(risk, rows.time_days, rows.event, 365)(np.ones(len(risk))))


def without_images(patients: Sequence[PatientRecord]) -> list[PatientRecord]:
    def hidden(visit: VisitRecord) -> VisitRecord:
        x = visit.x.copy()
        x[IMAGED] = np.nan
        return replace(visit, x=x)

    return [replace(one, visits=tuple(map(hidden, one.visits))) for one in patients]


def test_what_is_learned_ranks_unseen_patients_as_the_simulation_does(
    learned: Forecaster, patients: Sequence[PatientRecord], simulated: dict[str, SimulatedPatient]
) -> None:
    unseen = patients[SEEN:]
    rows, risk = within_a_year(learned, unseen)
    at = zip(rows.patient, rows.visit, strict=True)
    grade = [grade_of(simulated[patient.patient_id]) for patient in unseen]
    truth = np.array([death_hazard(unseen[p].visits[v].x[0], grade[p]) for p, v in at])
    outcomes = Surv.from_arrays(rows.event, rows.time_days)
    theirs, *_ = concordance_index_ipcw(outcomes, outcomes, risk, tau=365)
    assert ranks(rows, risk) == pytest.approx(theirs, abs=1e-6)
    assert ranks(rows, risk) > ranks(rows, truth) - 0.1
    assert spearmanr(risk, truth).statistic > 0.6


def test_an_image_that_tells_more_than_sizes_is_used_and_where_it_is_missing_the_sizes_are(
    learned: Forecaster, patients: Sequence[PatientRecord]
) -> None:
    unseen, blind = patients[SEEN:], without_images(patients)
    by_sizes = ranks(*within_a_year(fit_forecaster(QUICK, blind[:SEEN], 1), blind[SEEN:]))
    assert ranks(*within_a_year(learned, unseen)) > by_sizes + 0.05
    assert ranks(*within_a_year(learned, blind[SEEN:])) > by_sizes - 0.03


def test_at_any_visit_any_source_may_be_missing(learned: Forecaster, patients: Sequence[PatientRecord]) -> None:
    random = np.random.default_rng(1)
    sources = [[FEATURE_NAMES.index(name) for name in names] for names in (("sum_of_diameters",), ("volume",))] + [
        list(range(IMAGED.start, IMAGED.stop))
    ]

    def some_of(visit: VisitRecord) -> VisitRecord:
        x = visit.x.copy()
        for source in sources:
            x[source] = np.nan if random.random() < 0.5 else x[source]
        return replace(visit, x=x)

    facts = [{}, {"age": "61"}]
    torn = [
        replace(one, visits=tuple(map(some_of, one.visits)), clinical=facts[n % 2]) for n, one in enumerate(patients)
    ]
    rows, risk = within_a_year(learned, usable(torn, SURVIVAL))
    assert len(risk) > 0.5 * len(landmarks(patients, SURVIVAL).event)
    assert ((risk > 0) & (risk < 1)).all()


def test_card_and_figures_say_that_nothing_real_was_seen(patients: Sequence[PatientRecord]) -> None:
    found, _ = cross_validated(patients[:30], replace(SURVIVAL, epochs=1))
    card = complete(card_of(SURVIVAL, patients[:30], 1, found.to_json()))
    assert NOTHING_REAL in str(found)
    assert NOTHING_REAL in card.limits
    assert card.training_data["attribution"] == NOTHING_REAL
    real = [*patients[:59], replace(patients[59], patient_id="4711")]
    assert card_of(SURVIVAL, real, 1, {}).training_data["attribution"] == SURVIVAL.source


def test_without_weights_that_come_along_the_way_to_judge_it_is_named(tmp_path: Path) -> None:
    write_tables(tmp_path, simulate(3))
    told = CliRunner().invoke(build_app(), ["evaluate", "survival", "--data", str(tmp_path)])
    assert isinstance(told.exception, CannotStart)
    assert "No weights for survival come along: judge it with --cross-validate." in str(told.exception)
