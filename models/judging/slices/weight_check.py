"""Whether a map depends on what a network learned, or just draws edges (Adebayo et al., NeurIPS 2018)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from models.imaging.explain import gradient_map
from models.imaging.network import SliceNetwork

OTHERS = 5
"""Sets of random weights that a map is compared with."""


class WeightCheck(NamedTuple):
    """Rank correlation of a map with those of random weights: the mean and the largest; near 0 is what should be."""

    mean: float
    largest: float


def weight_check(members: Sequence[SliceNetwork], pictures: Tensor, level: int) -> WeightCheck:
    """The gradient map of slice `level` beside those of OTHERS networks that learned nothing."""
    here = gradient_map(members, pictures, level).ravel()
    found = []
    with torch.random.fork_rng(devices=[]):
        for seed in range(OTHERS):
            torch.manual_seed(seed)
            other = gradient_map([SliceNetwork().eval()], pictures, level).ravel()
            found.append(float(spearmanr(here, other).statistic))
    return WeightCheck(float(np.mean(found)), float(np.max(found)))
