"""How slices of patients left out are told apart by members that learned from fewer patients: what more would bring.

Members are fitted anew as those that are served. Each draw deals the patients so that everybody is left out of one
member at least, and all that members said of patients whom they did not know counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

from models.imaging.network import SliceNetwork
from models.judging.slices.comparison import Fold
from models.judging.slices.figures import measures
from models.statistics.metrics import Estimate
from models.training.slices.lesson import Lesson
from models.training.slices.train import fit_member
from models.training.terminal import progress

SIZES = (2, 4, 6)
"""Patients learned from, beside the number of those that are served."""


class BySize(NamedTuple):
    """Measures of single members (`alone`), and of the mean of all of the `members` that did not know a patient.

    `members` counts those for each patient, the fewest of any.
    """

    members: int
    alone: Mapping[str, Estimate]
    together: Mapping[str, Estimate]


def by_patients(lessons: Sequence[Lesson], folds: Sequence[Fold], draws: int, seed: int) -> dict[int, BySize]:
    """Measures by the number of patients learned from; the last is that of `folds`, which are not fitted again."""
    patients, served = sorted({lesson.patient for lesson in lessons}), _learned_from(folds[0])
    found = {}
    for size in (size for size in SIZES if size < served):
        random, fitted = np.random.default_rng(seed + size), list[Fold]()
        dealt = [part for _ in range(draws) for part in taught(patients, size, random)]
        for number, part in enumerate(progress(dealt, f"learning from {size} patients")):
            fitted.append(_fitted(lessons, part, seed + number))
        found[size] = _judged(lessons, fitted)
    return {**found, served: _judged(lessons, folds)}


def taught(patients: Sequence[str], size: int, random: np.random.Generator) -> Iterator[frozenset[str]]:
    """`size` patients for each member of a draw; round by round everybody is left out of one at least."""
    order = [patients[number] for number in random.permutation(len(patients))]
    for start in range(0, len(order), len(order) - size):
        yield frozenset([*order, *order][start + len(order) - size : start + len(order)])


def _learned_from(fold: Fold) -> int:
    return len({lesson.patient for lesson in fold.lessons})


def _fitted(lessons: Sequence[Lesson], part: frozenset[str], seed: int) -> Fold:
    mine = [lesson for lesson in lessons if lesson.patient in part]
    return Fold(fit_member(mine, seed), mine, [lesson for lesson in lessons if lesson.patient not in part])


def _judged(lessons: Sequence[Lesson], folds: Sequence[Fold]) -> BySize:
    said = [[_said(f.network, lesson) for f in folds if _is_new(f, lesson)] for lesson in lessons]
    fewest = min(map(len, said))
    repeated = [lesson for lesson, each in zip(lessons, said, strict=True) for _ in each]
    alone = _measures(repeated, [one for each in said for one in each])
    return BySize(fewest, alone, _measures(lessons, [np.mean(each, axis=0) for each in said]))


def _is_new(fold: Fold, lesson: Lesson) -> bool:
    return lesson.patient in {each.patient for each in fold.left_out}


def _said(network: SliceNetwork, lesson: Lesson) -> np.ndarray:
    """Probabilities (D,) of the slices."""
    with torch.inference_mode():
        probabilities: np.ndarray = torch.sigmoid(network(lesson.pictures).slices[:, 0]).numpy()
    return probabilities


def _measures(lessons: Sequence[Lesson], said: Sequence[np.ndarray]) -> dict[str, Estimate]:
    shows = [lesson.shows.numpy() for lesson in lessons]
    return measures(*map(np.concatenate, (said, shows, [np.full(len(s.shows), s.patient) for s in lessons])))
