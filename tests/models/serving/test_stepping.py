from dataclasses import replace

import numpy as np
import pytest

from models.card import COMMITTED
from models.serving.forecaster import CHUNK, Forecaster
from models.serving.heads import risks_of
from models.serving.network import Normaliser
from models.serving.weights import load_weights
from models.statistics.metrics import auc, known
from models.tables.records import PatientRecord, load_records
from models.timepoint import Timepoint
from models.training.blueprints import BLUEPRINTS
from models.training.crossvalidation import forecast
from models.training.fit import unroll
from models.training.landmarks import landmarks
from models.training.samples import samples, usable
from tests.data import shared_data
from tests.models.timelines import made_timelines, mr, point, risks, sizes

FOLDERS = {"progression": "immunotherapy", "response": "ispy2"}


def crowd(forecaster: Forecaster, n: int, seed: int = 0) -> tuple[np.ndarray, list[Timepoint]]:
    """States in mid-timeline and timepoints of n different patients, some values and facts missing."""
    random = np.random.default_rng(seed)
    disease = forecaster.card.applies_to.diseases[0]
    states = np.abs(random.normal(0, 0.5, forecaster.initial(n).shape)).astype(np.float32)
    points = []
    for row in range(n):
        x = np.where(random.random(6) < 0.2, np.nan, random.lognormal(3, 1, 6))
        facts = {"age": 50, "her2": 1, "arm": "Paclitaxel + Neratinib"} if row % 2 else {}
        points.append(Timepoint(x, float(random.integers(0, 200)), disease, (), facts))
    return states, points


def test_stepping_scan_by_scan_with_stored_state_equals_unrolling_the_timeline_at_once(forecaster: Forecaster) -> None:
    model = forecaster.card.model
    blueprint, timelines = BLUEPRINTS[model], made_timelines(model)
    _, parameters = load_weights(COMMITTED / model)
    data = samples(timelines, blueprint)
    inputs = Normaliser(parameters["input_mean"], parameters["input_scale"])(data.inputs)
    facts = Normaliser(parameters["context_mean"], parameters["context_scale"])(data.context)
    output = unroll(blueprint, parameters, inputs, facts[:, None], data)
    at_once = risks_of(blueprint.architecture, blueprint.endpoints, output).mean(1)
    for n, timeline in enumerate(timelines):
        stepped = risks(forecaster.alone(), timeline.timepoints())
        np.testing.assert_allclose(stepped, at_once[: len(stepped), n].numpy(), atol=1e-6)


def test_a_row_has_the_same_bits_whatever_else_is_in_the_batch(forecaster: Forecaster) -> None:
    n = 2 * CHUNK + 17
    states, points = crowd(forecaster, n)
    together, forecasts = forecaster.advance(states, points)
    order = np.random.default_rng(2).permutation(n)
    shuffled, shuffled_forecasts = forecaster.advance(states[order], [points[row] for row in order])
    assert shuffled.tobytes() == together[order].tobytes()
    assert shuffled_forecasts == [forecasts[row] for row in order]
    for row in range(0, n, 10):
        alone, [forecast_alone] = forecaster.advance(states[row : row + 1], points[row : row + 1])
        assert alone.tobytes() == together[row].tobytes()
        assert forecast_alone == forecasts[row]


def test_advancing_changes_nothing_it_was_given_and_repeats_itself(forecaster: Forecaster) -> None:
    states, points = crowd(forecaster, 5)
    before = states.copy()
    first, second = forecaster.advance(states, points), forecaster.advance(states, points)
    assert states.tobytes() == before.tobytes()
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1] == second[1]


def test_a_state_keeps_its_meaning_through_bytes(forecaster: Forecaster) -> None:
    states, points = crowd(forecaster, 3)
    stored = np.frombuffer(states.tobytes(), dtype="<f4").reshape(states.shape)
    assert forecaster.advance(stored, points)[0].tobytes() == forecaster.advance(states, points)[0].tobytes()


def test_swapping_earlier_visits_changes_the_forecast(progression: Forecaster, response: Forecaster) -> None:
    assert not np.allclose(
        risks(progression, sizes(60, 40, 50, 45))[-1], risks(progression, sizes(60, 50, 40, 45))[-1], atol=1e-3
    )
    assert not np.allclose(risks(response, mr(20, 9, 3, 2))[-1], risks(response, mr(20, 3, 9, 2))[-1], atol=1e-3)


def test_states_of_the_wrong_shape_are_refused(progression: Forecaster) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        progression.advance(progression.initial(2), [point(sum_of_diameters=50)])


def without_memory(timelines: list[PatientRecord]) -> list[PatientRecord]:
    """Every visit as a patient of its own: what a forecaster whose stored states are zeroed would see."""
    return [
        replace(timeline, patient_id=f"{timeline.patient_id}/{n}", visits=(visit,))
        for timeline in timelines
        for n, visit in enumerate(timeline.visits)
    ]


@pytest.mark.parametrize("model", FOLDERS)
def test_zeroing_the_stored_state_costs_auc_on_real_patients(
    model: str, progression: Forecaster, response: Forecaster
) -> None:
    forecaster, blueprint = {"progression": progression, "response": response}[model], BLUEPRINTS[model]
    folder = shared_data() / FOLDERS[model]
    timelines = usable(load_records(folder, blueprint.applies_to.diseases[0]), blueprint)
    rows = landmarks(timelines, blueprint)
    later = rows.visit > 0
    remembered, zeroed = forecast(forecaster, timelines), iter(forecast(forecaster, without_memory(timelines)))
    forgotten = [[next(zeroed)[0] for _ in timeline.visits] for timeline in timelines]
    event = rows.event if model == "response" else rows.at_next_visit
    weights = known(event[later], np.ones(later.sum()))
    places = list(zip(rows.patient[later], rows.visit[later], strict=True))
    with_state = auc(np.array([remembered[p][v][0].risk for p, v in places]), weights)
    without = auc(np.array([forgotten[p][v][0].risk for p, v in places]), weights)
    assert with_state > without + 0.05
