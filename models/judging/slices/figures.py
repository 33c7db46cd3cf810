"""How well slices and runs of slices are told apart: figures with intervals over patients."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from models.imaging.classifier import SliceClassifier
from models.imaging.encoder import SliceReading
from models.imaging.network import SliceNetwork
from models.imaging.outlined import OutlinedSeries
from models.statistics.metrics import Estimate, ThresholdCounts, auc, brier, estimate, known, over_patients
from models.training.slices.lesson import Lesson

THRESHOLD = 0.5
RUN = 8
"""Slices in a run that stands for a series: long enough to be read along, short enough to be without tumour."""
SEED = 20261123
MEASURES = ("auc", "accuracy", "precision", "recall", "f1", "brier_score")


class SlicePredictions(NamedTuple):
    """Of one series of a `patient`: what each slice shows (D,), whether it is blank, and the probabilities said.

    `encoder` (D,) of each slice alone, `slices` (D,) along the slices; `runs` (R,) of every RUN slices in a row, and
    whether one of them `run_shows` tumour.
    """

    patient: str
    shows: np.ndarray
    blank: np.ndarray
    encoder: np.ndarray
    slices: np.ndarray
    runs: np.ndarray
    run_shows: np.ndarray


def predictions(network: SliceNetwork, lesson: Lesson) -> SlicePredictions:
    """What `network` says of `lesson`."""
    shows, starts = lesson.shows.numpy(), range(max(1, len(lesson.shows) - RUN + 1))
    with torch.inference_mode():
        readings = network.read(lesson.pictures)
        whole, alone = network.along(readings), torch.stack([reading.logit for reading in readings])
        runs = torch.cat([network.along(_cut(readings, start)).series for start in starts])
    return SlicePredictions(
        patient=lesson.patient,
        shows=shows,
        blank=lesson.blank.numpy(),
        encoder=torch.sigmoid(alone.mean(0)).numpy(),
        slices=torch.sigmoid(whole.slices[:, 0]).numpy(),
        runs=torch.sigmoid(runs).numpy(),
        run_shows=np.array([shows[start : start + RUN].any() for start in starts]),
    )


def _cut(readings: Sequence[SliceReading], start: int) -> list[SliceReading]:
    """Of RUN slices from `start` on."""
    return [SliceReading(*(part[start : start + RUN] for part in reading)) for reading in readings]


def figures(said: Sequence[SlicePredictions]) -> dict[str, Any]:
    """Figures for a card: slices read along, alone, those with a head only, and runs; each [value, low, high]."""
    shows, alone, along, blank = (joined(said, name) for name in ("shows", "encoder", "slices", "blank"))
    patient = patients(said)
    rows = {
        "slices": (along, shows, patient),
        "slices, encoder alone": (alone, shows, patient),
        "slices with a head": (along[~blank], shows[~blank], patient[~blank]),
        f"runs of {RUN} slices": (joined(said, "runs"), joined(said, "run_shows"), run_patients(said)),
    }
    return {name: {k: v.to_json() for k, v in measures(*each).items()} for name, each in rows.items()}


def patients(said: Sequence[SlicePredictions]) -> np.ndarray:
    """The patient of every slice (R,)."""
    return np.concatenate([np.full(len(each.shows), each.patient) for each in said])


def run_patients(said: Sequence[SlicePredictions]) -> np.ndarray:
    """The patient of every run of slices (R,)."""
    return np.concatenate([np.full(len(each.runs), each.patient) for each in said])


def joined(said: Sequence[SlicePredictions], name: str) -> np.ndarray:
    """The field `name` of all series, one after the other."""
    return np.concatenate([getattr(each, name) for each in said])


def measures_of_series(classifier: SliceClassifier, series: Sequence[OutlinedSeries]) -> dict[str, Estimate]:
    """Measures of the slices of `series` as `classifier` is served."""
    said = np.concatenate([classifier.scores(each.volume).slices for each in series])
    shows = np.concatenate([each.outlined.any((1, 2)) for each in series])
    patient = np.concatenate([np.full(len(each.outlined), each.patient) for each in series])
    return measures(said, shows, patient)


def measures(risk: np.ndarray, shows: np.ndarray, patient: np.ndarray) -> dict[str, Estimate]:
    """MEASURES of probabilities `risk` (R,), each with an interval over the patients (R,)."""

    def of(count: np.ndarray) -> np.ndarray:
        weights = known(shows, count)
        at = ThresholdCounts.at(risk, weights, THRESHOLD)
        return np.array([auc(risk, weights), at.accuracy, at.precision, at.recall, at.f1, brier(risk, weights)])

    values = over_patients(patient, of, SEED)
    return {name: estimate(values[:, n]) for n, name in enumerate(MEASURES)}
