"""The same slices read in other ways: by their place alone, one by one, and along the series by other networks.

Everything shares the encoder of the member that did not see the patient, and is fitted on the same other patients.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from models.imaging.encoder import SliceEncoder
from models.imaging.network import SliceNetwork
from models.judging.slices.cores import CORES
from models.judging.slices.figures import joined, measures, predictions
from models.statistics.metrics import Estimate, known
from models.statistics.regression import coefficients
from models.training.slices.fit_sequence import Run, fit_along, heard
from models.training.slices.lesson import Lesson

PLACE, ALONE, SERVED = "place in the series alone", "CNN per slice", "as served: LSTM(128) up and down"


class Fold(NamedTuple):
    """A member, the `lessons` of those it learned from, and those of the patients it did not see, `left_out`."""

    network: SliceNetwork
    lessons: Sequence[Lesson]
    left_out: Sequence[Lesson]


class Compared(NamedTuple):
    """Probabilities (R,) of all slices left out by the name of what said them; what they show, and their patients."""

    risks: dict[str, np.ndarray]
    shows: np.ndarray
    patient: np.ndarray

    def measures(self) -> dict[str, dict[str, Estimate]]:
        """Measures of each by name."""
        return {name: measures(risk, self.shows, self.patient) for name, risk in self.risks.items()}


def compared(folds: Sequence[Fold], seed: int) -> Compared:
    """All ways of reading, each judged on the patients that its fold left out."""
    several = [_fold(fold, seed + number) for number, fold in enumerate(folds)]
    risks = {name: np.concatenate([each[name] for each in several]) for name in several[0]}
    lessons = [lesson for fold in folds for lesson in fold.left_out]
    shows = np.concatenate([lesson.shows.numpy() for lesson in lessons])
    return Compared(risks, shows, np.concatenate([np.full(len(each.shows), each.patient) for each in lessons]))


def fitted(core: nn.Module, series: Sequence[Run], random: torch.Generator) -> nn.Module:
    """`core` fitted on what the encoder said of `series`, by the cross entropy of the slices."""
    fit_along(core, lambda run: binary_cross_entropy_with_logits(core(run), run.shows), series, random)
    return core.eval()


def _fold(fold: Fold, seed: int) -> dict[str, np.ndarray]:
    said = [predictions(fold.network, lesson) for lesson in fold.left_out]
    risks = {PLACE: _by_place(fold), ALONE: joined(said, "encoder"), SERVED: joined(said, "slices")}
    random = torch.Generator().manual_seed(seed)
    series = [heard(fold.network.encoder, lesson, random) for lesson in fold.lessons]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, core in CORES.items():
            along = fitted(core(), series, random)
            risks[name] = np.concatenate([_said(along, fold.network.encoder, each) for each in fold.left_out])
    return risks


def _said(core: nn.Module, encoder: SliceEncoder, lesson: Lesson) -> np.ndarray:
    """Probabilities (D,) of the slices of `lesson`, mean over it and its mirror image."""
    said: list[Tensor] = []
    for pictures in (lesson.pictures, lesson.pictures.flip(-1)):
        run = heard(encoder, lesson._replace(pictures=pictures), torch.Generator(), copies=1)
        with torch.inference_mode():
            said.append(core(run)[:, 0])
    probabilities: np.ndarray = torch.sigmoid(torch.stack(said).mean(0)).numpy()
    return probabilities


def _by_place(fold: Fold) -> np.ndarray:
    """A curve of third degree over the place of a slice between the first and the last."""

    def columns(lessons: Sequence[Lesson]) -> np.ndarray:
        places = np.concatenate([np.linspace(-1.0, 1.0, len(lesson.shows)) for lesson in lessons])
        return np.stack([places**power for power in range(4)], 1)

    shows = np.concatenate([lesson.shows.numpy() for lesson in fold.lessons])
    of = coefficients(columns(fold.lessons), known(shows, np.ones(len(shows))), np.zeros(4))
    probabilities: np.ndarray = 1 / (1 + np.exp(-columns(fold.left_out) @ of))
    return probabilities
