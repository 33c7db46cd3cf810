"""Teaching from nothing, very little of it: cards say what was seen, and stepping equals unrolling."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.card import Card
from models.encoding import fit
from models.encoding.cohort import ENCODED_AT, encoded_patients, hidden
from models.encoding.encoder import CARDS, Encoder
from models.encoding.judge import SIZES_ALONE, WITH_IMAGES, WITHOUT
from models.encoding.train import SEEING, SIMULATED_ALONE, Cohort, train, train_encoder
from models.features import encoded_by
from models.imaging.image_card import ImageCard
from models.judging.tripod import lacking
from models.serving.forecaster import load_forecaster
from models.serving.heads import risks_of
from models.serving.network import Normaliser
from models.serving.weights import load_weights
from models.simulated import NOTHING_REAL
from models.tables.records import PatientRecord
from models.training.fit import unroll
from models.training.samples import samples, usable
from tests.models.timelines import risks

pytestmark = pytest.mark.usefixtures("few_trees", "few_epochs")
LITTLE = Cohort(lesions=16, untaught=4, learn=16, unseen=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Encoder and weights that were hardly taught."""
    out = tmp_path_factory.mktemp("encoding")
    train(out, 1, LITTLE)
    return out


@pytest.fixture(scope="module")
def few_epochs() -> Iterator[None]:
    """What an encoder has learned matters to no test here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "EPOCHS", 2)
        yield


@pytest.fixture(scope="module")
def patients(folder: Path) -> list[PatientRecord]:
    return usable(encoded_patients(6, 1, Encoder.load(folder / "encoder")), SEEING)


def test_what_comes_along_belongs_together_and_was_judged_with_and_without_images() -> None:
    encoder, forecaster = Encoder.load(CARDS / "encoder"), load_forecaster(CARDS / "survival", "cpu")
    assert forecaster.card.feature_version == encoder.feature_version
    assert forecaster.card.model == "survival_images"
    assert sum(file.stat().st_size for file in CARDS.glob("*/*")) < 5e6
    figures = forecaster.card.metrics["unseen patients, within a year"]
    assert "simulated patients that neither encoder nor weights saw" in forecaster.card.metrics["provenance"]
    c, brier = (figures[f"{WITH_IMAGES} minus {WITHOUT}"][name][0] for name in ("Uno's C", "Brier score"))
    assert c > 0 > brier
    assert lacking(forecaster.card) == []  # of TRIPOD+AI
    assert forecaster.card.metrics["patients"] == 199 and forecaster.card.metrics["trained_on"] == 0


def test_cards_name_the_encoder_and_say_that_nothing_real_was_seen(folder: Path) -> None:
    card, encoder = Card.read(folder / "survival" / "card.json"), ImageCard.read(folder / "encoder" / "card.json")
    assert card.feature_version == encoded_by(encoder.weights_sha256)
    assert SIMULATED_ALONE in encoder.limits and SIMULATED_ALONE in card.limits
    assert card.training_data["attribution"] == NOTHING_REAL
    assert {"calibration", "decision_curve", "robustness", "scores"} < card.metrics.keys()
    figures = card.metrics["unseen patients, within a year"]
    assert {WITH_IMAGES, SIZES_ALONE, WITHOUT, f"{WITH_IMAGES} minus {SIZES_ALONE}"} < figures.keys()


def test_stepping_with_stored_states_equals_unrolling_at_once(folder: Path, patients: list[PatientRecord]) -> None:
    longest_first = sorted(patients, key=lambda each: -len(each.visits))
    _, parameters = load_weights(folder / "survival")
    data = samples(longest_first, SEEING)
    inputs = Normaliser(parameters["input_mean"], parameters["input_scale"])(data.inputs)
    facts = Normaliser(parameters["context_mean"], parameters["context_scale"])(data.context)
    output = unroll(SEEING, parameters, inputs, facts[:, None], data)
    at_once = risks_of(SEEING.architecture, SEEING.endpoints, output).mean(1)
    forecaster = load_forecaster(folder / "survival", "cpu").alone()
    for n, patient in enumerate(longest_first):
        stepped = risks(forecaster, patient.timepoints())
        np.testing.assert_allclose(stepped, at_once[: len(stepped), n].numpy(), atol=1e-6)


def test_weights_step_without_images_without_sizes_and_with_both(folder: Path, patients: list[PatientRecord]) -> None:
    forecaster = load_forecaster(folder / "survival", "cpu")
    shown = np.array([np.isfinite(visit.x[ENCODED_AT]).any() for each in patients for visit in each.visits])
    sized = np.array([np.isfinite(visit.x[0]) for each in patients for visit in each.visits])
    assert (shown & sized).any() and (shown & ~sized).any()
    with_images, without = (
        np.concatenate([risks(forecaster, each.timepoints()) for each in records])
        for records in (patients, hidden(patients, ENCODED_AT))
    )
    assert ((with_images > 0) & (with_images < 1)).all() and not np.allclose(with_images, without)


def test_the_seed_decides_every_weight_of_an_encoder(folder: Path, tmp_path: Path) -> None:
    again = train_encoder(tmp_path, 1, LITTLE)
    assert again.card == ImageCard.read(folder / "encoder" / "card.json")
