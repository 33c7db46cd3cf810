"""How the slice classifier bears worse pictures: figures on patients left out, each corruption at three strengths."""

from collections.abc import Sequence

import numpy as np
import torch

from models.imaging.augment import CORRUPTIONS
from models.judging.slices.comparison import Fold
from models.judging.slices.figures import measures
from models.statistics.metrics import Estimate
from models.training.slices.lesson import Lesson

STRENGTHS = {
    "noise": (0.02, 0.05, 0.1),
    "intensity": (0.2, 0.4, 0.6),
    "motion ghosting": (0.1, 0.25, 0.5),
    "coarser pixels": (0.3, 0.5, 0.7),
    "random crop": (0.1, 0.2, 0.3),
    "slice gaps": (0.15, 0.3, 0.5),
}
"""Brain lies near 0.25: the strongest noise is 40 % of it. The coarsest pixels are a thirtieth of the head wide. The
strongest crop turns by 18 ° and cuts off a quarter."""
CLEAN = "as it is"
SEED = 20261123


def robustness(folds: Sequence[Fold]) -> dict[tuple[str, float], dict[str, Estimate]]:
    """Measures of the slices by corruption and strength, and as they are."""
    rows = [(CLEAN, 0.0), *((name, strength) for name, each in STRENGTHS.items() for strength in each)]
    return {row: _measures(folds, *row) for row in rows}


def corrupted(lesson: Lesson, name: str, strength: float) -> Lesson:
    """`lesson` with its pictures corrupted; what they show stays, and goes with slices that are left out."""
    random = torch.Generator().manual_seed(SEED)
    if name == CLEAN:
        return lesson
    if name == "slice gaps":
        kept = CORRUPTIONS[name](torch.arange(len(lesson.shows)), random, strength)
        return Lesson(lesson.patient, lesson.pictures[kept], lesson.outlined[kept], lesson.shows[kept])
    return lesson._replace(pictures=CORRUPTIONS[name](lesson.pictures, random, strength))


def _measures(folds: Sequence[Fold], name: str, strength: float) -> dict[str, Estimate]:
    said, shows, patient = [], [], []
    for fold in folds:
        for lesson in (corrupted(each, name, strength) for each in fold.left_out):
            with torch.inference_mode():
                said.append(torch.sigmoid(fold.network(lesson.pictures).slices[:, 0]).numpy())
            shows.append(lesson.shows.numpy())
            patient.append(np.full(len(lesson.shows), lesson.patient))
    return measures(*map(np.concatenate, (said, shows, patient)))
