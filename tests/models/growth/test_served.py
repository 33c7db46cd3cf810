"""Growth maps as weights in service: one state for all lesions of a patient, stepped visit by visit."""

from pathlib import Path

import numpy as np
import pytest

from models.features import FEATURE_NAMES
from models.forecast import GrowthMap
from models.growth import forecaster
from models.growth.card import GROWTH_CARD, load_growth
from models.growth.maps import SHAPE, VOXELS, unpacked
from models.growth.network import VisitContext
from models.growth.served import BLOCK_NUMBERS, GrowthForecaster, is_growth, tried_out
from models.growth.treatment_context import visit_context
from models.serving.weights import CARD
from models.timepoint import LesionOutline, Timepoint, TreatmentInForce

SERVED = GrowthForecaster.load(GROWTH_CARD)


def ball(radius: float) -> np.ndarray:
    inside: np.ndarray = np.square(np.indices(SHAPE) - (VOXELS - 1) / 2).sum(0) < radius**2
    return inside


def seen(elapsed_days: float, *treatments: TreatmentInForce, **radii: float) -> Timepoint:
    lesions = tuple(LesionOutline(name, ball(radius)) for name, radius in radii.items())
    return Timepoint(np.ones(len(FEATURE_NAMES)), elapsed_days, "brain", treatments, {}, lesions)


def walked(*visits: Timepoint) -> tuple[np.ndarray, list[list[GrowthMap]]]:
    """The state after the last visit, kept as bytes in between, and the maps of each."""
    state, said = np.zeros(0, np.float32), []
    for visit in visits:
        after, (maps,) = SERVED.advance(SERVED.together([state]), [visit])
        state = np.frombuffer(after[0].astype("<f4").tobytes(), "<f4")
        said.append(maps)
    return state, said


def test_a_map_is_what_the_network_says_of_the_lesions_outlines_alone() -> None:
    _, (_, maps) = walked(seen(0, A=6, B=3), seen(50, A=7, B=4))
    _, parameters = load_growth(GROWTH_CARD)
    state = forecaster.step(parameters, forecaster.initial(), ball(6), VisitContext(None, False, False, 0, 0.0))
    state = forecaster.step(parameters, state, ball(7), VisitContext(50.0, False, False, 0, 0.0))
    said = forecaster.forecast(parameters, state, 42)
    drawn = next(each for each in maps if (each.lesion_uid, each.horizon_days) == ("A", 42))
    assert np.abs(np.frombuffer(drawn.chance, np.uint8).reshape(SHAPE) / 255 - said.chance).max() <= 0.5 / 255 + 1e-6
    assert (drawn.volume, drawn.volume_low, drawn.volume_high) == pytest.approx(said.volume, abs=1e-6)
    assert (unpacked(drawn.outline) == ball(7)).all()


def test_a_patient_in_a_batch_has_the_same_state_as_alone() -> None:
    first, second = walked(seen(0, A=6))[0], walked(seen(0, B=4, C=3))[0]
    visits = [seen(40, A=7), seen(60, B=5, C=3)]
    together, said = SERVED.advance(SERVED.together([first, second]), visits)
    for number, (state, visit) in enumerate(zip((first, second), visits, strict=True)):
        alone, maps = SERVED.advance(SERVED.together([state]), [visit])
        assert (together[number] == alone[0]).all() and said[number] == maps[0]


def test_a_lesion_that_is_not_outlined_waits_for_its_next_outline() -> None:
    """Forty days and thirty without an outline are seventy days."""
    waited, _ = walked(seen(0, A=6), seen(40, B=3), seen(30, A=7))
    at_once, _ = walked(seen(0, A=6), seen(70, A=7))
    assert (waited[:BLOCK_NUMBERS] == at_once).all()


def test_a_visit_without_outlines_forecasts_nothing() -> None:
    state, (said,) = walked(seen(0))
    assert state.size == 0 and said == []


def test_a_new_lesion_does_not_change_those_before_it() -> None:
    _, (_, with_new) = walked(seen(0, A=6), seen(40, A=7, B=9))
    _, (_, without) = walked(seen(0, A=6), seen(40, A=7))
    assert [each for each in with_new if each.lesion_uid == "A"] == without


def test_growth_maps_are_told_from_other_weights_and_tried_before_they_are_used(tmp_path: Path) -> None:
    assert is_growth(GROWTH_CARD) and not is_growth(GROWTH_CARD.parents[1] / "cards" / "progression")
    assert not is_growth(tmp_path)
    (tmp_path / CARD).write_text("[]")
    assert not is_growth(tmp_path)
    assert tried_out(GROWTH_CARD).sees_outlines


def drug(start: float, end: float | None = None) -> TreatmentInForce:
    return TreatmentInForce("temozolomide", "drug", start, end)


@pytest.mark.parametrize(
    ("treatments", "elapsed_days", "told"),
    [
        ((), 50.0, VisitContext(50.0, False, False, 0, 0.0)),
        ((drug(30),), None, VisitContext(None, True, False, 1, 30.0)),
        ((TreatmentInForce("", "radiotherapy", 40, 5), drug(30)), 50.0, VisitContext(50.0, True, True, 1, 40.0)),
        ((TreatmentInForce("", "radiation", 140, 90), drug(130)), 50.0, VisitContext(50.0, True, False, 1, 130.0)),
        ((drug(200, 60), drug(20)), 50.0, VisitContext(50.0, True, False, 2, 20.0)),
        ((drug(200, 10),), 50.0, VisitContext(50.0, False, False, 1, 200.0)),
        ((drug(200, 60),), 50.0, VisitContext(50.0, False, False, 0, 0.0)),
        ((TreatmentInForce("", "surgery", 20, 20),), 50.0, VisitContext(50.0, False, False, 0, 0.0)),
    ],
)
def test_treatments_are_told_in_the_words_of_the_simulated_patients(
    treatments: tuple[TreatmentInForce, ...], elapsed_days: float | None, told: VisitContext
) -> None:
    assert visit_context(treatments, elapsed_days) == told
