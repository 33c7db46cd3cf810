"""Training the slice classifier: the seed decides, nobody is judged by a member that knew them, the card tells."""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from models.card import UnusableWeights, patient_sha256
from models.imaging.classifier import SliceClassifier, thick
from models.imaging.outlined import OutlinedSeries
from models.judging.slices import comparison
from models.judging.slices.evaluate import evaluate_slices
from models.training.slices import fit_encoder, fit_sequence
from models.training.slices.lesson import Lesson
from models.training.slices.train import TooFewPatients, fit_member, left_out, train_slices
from tests.models.imaging.heads import TUMOUR, head

PLACES = {"A": (4, 8, 16), "B": (7, -12, -14), "C": (5, 14, -16), "D": (6, -6, 18)}


def outlined(patient: str, slices: int = 12) -> OutlinedSeries:
    volume = head(slices=slices, side=64, tumour=PLACES[patient])
    return OutlinedSeries(patient, volume, volume.values == TUMOUR)


@pytest.fixture(scope="module", autouse=True)
def hardly_trained() -> Iterator[None]:
    """No test here is about how well anything is learned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit_encoder, "STEPS", 2)
        patch.setattr(fit_encoder, "SLICES", 8)
        patch.setattr(fit_sequence, "STEPS", 2)
        for module in (fit_sequence, comparison):
            patch.setattr(module, "heard", partial(fit_sequence.heard, copies=2))
        yield


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a classifier of four patients."""
    folder = tmp_path_factory.mktemp("weights")
    train_slices([outlined(patient) for patient in PLACES], folder, seed=1)
    return folder


def test_each_patient_is_left_out_once_with_many_several_at_a_time() -> None:
    assert left_out("ABCD") == [("A",), ("B",), ("C",), ("D",)]
    parts = left_out([f"{number:02}" for number in range(20)])
    assert len(parts) == 8 and sorted(sum(parts, ())) == [f"{number:02}" for number in range(20)]
    with pytest.raises(TooFewPatients, match="2 patients; at least 3"):
        left_out("AB")


def test_the_seed_decides_every_weight() -> None:
    lessons = [Lesson.of(outlined(patient)) for patient in "AB"]
    one, same, other = (fit_member(lessons, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_the_second_layer_is_taught_again_to_the_same_bits_over_the_weights_that_are_kept(weights: Path) -> None:
    lessons = [Lesson.of(outlined(patient)) for patient in "BCD"]
    kept = SliceClassifier.load(weights).members[0]
    again = deepcopy(kept)
    with torch.random.fork_rng(devices=[]):
        fit_sequence.fit_second(again, lessons, seed=1)
    again_kept = {name: each.half() for name, each in again.state_dict().items()}
    assert all(torch.equal(again_kept[name], each.half()) for name, each in kept.state_dict().items())


def test_the_card_names_who_was_left_out_and_the_file_it_belongs_to(weights: Path) -> None:
    card = SliceClassifier.load(weights).card
    assert card.training_data["left_out"] == [[patient_sha256(patient)] for patient in "ABCD"]
    assert card.training_data["slices"] == 48 and card.endpoint == "tumour_presence"
    assert set(card.metrics) == {"slices", "slices, encoder alone", "slices with a head", "runs of 8 slices"}
    assert "A" not in json.loads((weights / "card.json").read_text())["training_data"]["patient_sha256"]
    assert sum(file.stat().st_size for file in weights.iterdir()) <= 5_000_000


def test_a_changed_file_is_not_served(weights: Path, tmp_path: Path) -> None:
    for name in ("card.json", "model.safetensors"):
        (tmp_path / name).write_bytes((weights / name).read_bytes())
    (tmp_path / "model.safetensors").write_bytes((weights / "model.safetensors").read_bytes() + b" ")
    with pytest.raises(UnusableWeights, match="is not the file its card describes"):
        SliceClassifier.load(tmp_path)


def test_weights_for_another_network_are_not_served(weights: Path, tmp_path: Path) -> None:
    card = json.loads((weights / "card.json").read_text())
    card["architecture"]["along_the_slices"] = ["LSTM(128), sequence", "LSTM(64), last", "Dense(1), sigmoid"]
    (tmp_path / "card.json").write_text(json.dumps(card))
    (tmp_path / "model.safetensors").write_bytes((weights / "model.safetensors").read_bytes())
    with pytest.raises(UnusableWeights, match="for another network: train it again"):
        SliceClassifier.load(tmp_path)


def test_scores_are_a_probability_between_those_of_the_members_and_one_for_each_slice(weights: Path) -> None:
    classifier, volume = SliceClassifier.load(weights), outlined("A").volume
    said = classifier.scores(volume)
    assert 0 <= said.low <= said.series <= said.high <= 1
    assert said.slices.shape == (12,) and ((said.slices >= 0) & (said.slices <= 1)).all()
    assert classifier.scores(volume._replace(values=3.0 * volume.values)).series == pytest.approx(said.series, abs=1e-4)


def test_a_series_of_thin_slices_is_read_as_one_of_thick_ones(weights: Path) -> None:
    volume = head(slices=120, side=64, tumour=(60, 8, 14))
    assert thick(volume).values.shape == (24, 64, 64) and thick(volume).spacing_mm[0] == pytest.approx(30.0)
    assert SliceClassifier.load(weights).scores(volume).slices.shape == (120,)


def test_patients_that_a_member_left_out_are_judged_by_it_and_new_ones_by_all(weights: Path) -> None:
    known, new = [outlined(patient) for patient in "AB"], outlined("C")._replace(patient="N")
    judged = evaluate_slices([*known, new], weights, draws=1)
    assert {"place in the series alone", "CNN per slice", "RNN", "GRU", "LSTM", "LSTM both ways", "ConvLSTM"} < set(
        judged.compared
    )
    assert len(judged.robust) == 19 and judged.new is not None
    assert sum(group.rows for group in judged.reliable["slices"].groups) == 24
    assert list(judged.by_patients) == [1] and "| patients learned from |" in str(judged)
    shows = new.outlined.any((1, 2))
    said = SliceClassifier.load(weights).scores(new.volume).slices
    assert judged.new["accuracy"].value == pytest.approx(np.mean((said >= 0.5) == shows))
    assert "ConvLSTM" in str(judged) and json.dumps(judged.to_json())
