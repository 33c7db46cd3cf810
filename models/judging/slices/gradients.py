"""How far back the output at a slice still depends on earlier slices: why an RNN forgets and an LSTM need not.

The gradient of the state h_T with respect to the input x_{T-k} passes k steps. In an RNN it is multiplied by the same
matrix and by slopes of tanh below 1 each time; in an LSTM it passes along the cell by the forget gate alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from models.judging.slices.comparison import Fold, fitted
from models.judging.slices.cores import Along
from models.training.slices.fit_sequence import Run, heard

DISTANCES = (0, 1, 2, 4, 8, 16)
DIRECTIONS = 8
"""Random directions of h_T in which the gradient is taken."""
LAYERS: dict[str, type[nn.RNN | nn.GRU | nn.LSTM]] = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}


class Reach(NamedTuple):
    """Mean norm (K,) of the gradient at DISTANCES back beside that at 0, of a layer `before` and `after` training."""

    before: np.ndarray
    after: np.ndarray


def reaches(fold: Fold, seed: int) -> dict[str, Reach]:
    """The reach of each of LAYERS over the series that `fold` left out."""
    random = torch.Generator().manual_seed(seed)
    series = [heard(fold.network.encoder, lesson, random) for lesson in fold.lessons]
    held = [heard(fold.network.encoder, lesson, random, copies=1) for lesson in fold.left_out]
    found = {}
    with torch.random.fork_rng(devices=[]):
        for name, layer in LAYERS.items():
            torch.manual_seed(seed)
            along = Along(layer)
            before = _reach(along.layer, held)
            fitted(along, series, random)
            found[name] = Reach(before, _reach(along.layer, held))
    return found


def _reach(layer: nn.Module, series: Sequence[Run]) -> np.ndarray:
    norms = torch.stack([norms_of(layer, torch.cat([run.embedding, run.logit[..., None] / 4.0], -1)) for run in series])
    mean = norms.mean(0)
    reach: np.ndarray = (mean / mean[0]).numpy()
    return reach


def norms_of(layer: nn.Module, inputs: Tensor) -> Tensor:
    """Norms (K,) of the gradient of the last output of `layer` by `inputs` (T, 1, I), DISTANCES back; NaN beyond."""
    seen = inputs.detach().clone().requires_grad_()
    last = layer(seen)[0][-1, 0]
    directions = torch.randn(DIRECTIONS, len(last), generator=torch.Generator().manual_seed(1))
    slopes = [torch.autograd.grad(last @ each, seen, retain_graph=True)[0] for each in directions]
    each_slice = torch.stack(slopes).square().sum((2, 3)).mean(0).sqrt()
    reached = [each_slice[-1 - distance].item() if distance < len(inputs) else torch.nan for distance in DISTANCES]
    return torch.tensor(reached)
