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

from models.blueprints import SURVIVAL
from models.crossvalidation import forecast
from models.evaluate import cross_validated
from models.fit import card_of, fit_forecaster
from models.judge import risks_at
from models.landmarks import landmarks, questions
from models.metrics import uno_c
from models.samples import usable
from models.simulate import death_hazard, outcome, simulate
from models.simulated import NOTHING_REAL, write_tables
from models.timelines import Timeline, Visit, load_timelines
from models.tripod import complete
from stream.__main__ import build_app
from stream.errors import CannotStart
from tests.models.timelines import features_of

WITHIN_180, WITHIN_365 = SURVIVAL.endpoints


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> list[Timeline]:
    folder = tmp_path_factory.mktemp("tables")
    write_tables(folder, simulate(500))
    return usable(load_timelines(folder), SURVIVAL)


def patient(*days: float, death: tuple[float | None, bool] | None) -> Timeline:
    """Someone with a visit on each of `days`, of whose death this is said."""
    visits = tuple(Visit(day, str(day), features_of(sum_of_diameters=40.0)) for day in days)
    return Timeline("p", "lung", visits, {}, (), {} if death is None else {"death": death})


def followed(*timelines: Timeline) -> list[tuple[float, bool]]:
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


def test_simulated_patients_die_the_sooner_the_more_there_is_and_are_not_scanned_afterwards(
    patients: Sequence[Timeline],
) -> None:
    last_days = [(one.visits[-1].day, *one.outcomes["death"]) for one in patients]
    assert all(visit < day for visit, day, died in last_days if died)
    assert 0.2 < np.mean([died for *_, died in last_days]) < 0.5
    burden = np.array([np.nanmax([visit.x[0] for visit in one.visits]) for one in patients])
    died = np.array([died for *_, died in last_days])
    assert died[burden > np.median(burden)].mean() > 2 * died[burden <= np.median(burden)].mean()


def test_a_larger_cohort_dies_the_same_deaths() -> None:
    assert [outcome(one) for one in simulate(20)] == [outcome(one) for one in simulate(40)[:20]]


def test_what_is_learned_ranks_unseen_patients_as_the_simulation_does(patients: Sequence[Timeline]) -> None:
    quick = replace(SURVIVAL, architecture=replace(SURVIVAL.architecture, members=3))
    unseen = patients[300:]
    rows = landmarks(unseen, quick)
    risk = risks_at(rows, forecast(fit_forecaster(quick, patients[:300], 1), unseen), quick)[:, 1]
    truth = np.array([death_hazard(unseen[p].visits[v].x[0]) for p, v in zip(rows.patient, rows.visit, strict=True)])
    ours, best = (uno_c(each, rows.time_days, rows.event, 365)(np.ones(len(risk))) for each in (risk, truth))
    outcomes = Surv.from_arrays(rows.event, rows.time_days)
    theirs, *_ = concordance_index_ipcw(outcomes, outcomes, risk, tau=365)
    assert ours == pytest.approx(theirs, abs=1e-6)
    assert ours > max(0.65, best - 0.05)
    assert spearmanr(risk, truth).statistic > 0.6


def test_card_and_figures_say_that_nothing_real_was_seen(patients: Sequence[Timeline]) -> None:
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
