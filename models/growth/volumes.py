"""The volume a lesion will have, with an interval that holds it nine times of ten on patients never seen.

Voxels say how likely each is inside, not how they hang together: the chances' sum is a volume, its spread is not in
them. A small network beside the map forecasts three quantiles of log(volume + 0.1 ml) by the pinball loss (Koenker &
Bassett 1978); held-out patients then widen or narrow the outer two until they hold what they say (conformalized
quantile regression: Romano, Patterson & Candès, NeurIPS 2019).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, softplus

from models.growth.maps import VOXEL_ML
from models.growth.network import BLOCK, HIDDEN, GrowthState

QUANTILES = (0.05, 0.5, 0.95)
COVERAGE = 0.9
FLOOR_ML = 0.1
"""Added before the logarithm, so that no lesion and a speck are close."""
FEATURES, UNITS = 5 + HIDDEN, 16
Parameters = Mapping[str, Tensor]


class VolumeForecast(NamedTuple):
    """A volume with its 90 % interval, in ml."""

    volume: float
    low: float
    high: float


def shapes() -> dict[str, tuple[int, ...]]:
    """Shape of each weight, and of what standardises the features and conforms the interval."""
    return {
        "volume_mean": (FEATURES,),
        "volume_scale": (FEATURES,),
        "volume_in": (UNITS, FEATURES),
        "volume_in_bias": (UNITS,),
        "volume_out": (3, UNITS),
        "volume_out_bias": (3,),
        "volume_widening": (1,),
    }


def features(state: GrowthState, logits: Tensor, days: Tensor) -> Tensor:
    """What the quantiles are told from (n, F): `logits` (n · Z, Y, X) of n lesions' slices, `days` (n,) ahead.

    Volume now and expected, days, and the hidden state averaged over where the lesion will be.
    """
    rows = len(days)
    chance = torch.sigmoid(logits)
    now = log_volume((state.distance_mm < 0).reshape(rows, -1).sum(1) * VOXEL_ML)
    coming = log_volume(chance.reshape(rows, -1).sum(1) * VOXEL_ML)
    weight = avg_pool2d(chance[:, None], BLOCK)
    hidden = (state.maps.hidden * weight).reshape(rows, -1, *state.maps.hidden.shape[1:]).sum((1, 3, 4))
    hidden = hidden / (weight.reshape(rows, -1).sum(1, keepdim=True) + 1.0)
    ahead = torch.stack([days / 100, torch.log1p(days)], dim=1)
    return torch.cat([torch.stack([now, coming, coming - now], dim=1), ahead, hidden], dim=1)


def log_volume(volume_ml: Tensor) -> Tensor:
    """The scale on which volumes are forecast."""
    return torch.log(volume_ml + FLOOR_ML)


def log_quantiles(parameters: Parameters, rows: Tensor) -> Tensor:
    """QUANTILES (n, 3) of the coming volume's logarithm from features (n, F), ascending, before they are conformed."""
    standard = ((rows - parameters["volume_mean"]) * parameters["volume_scale"]).clamp(-4, 4)
    hidden = torch.tanh(standard @ parameters["volume_in"].mT + parameters["volume_in_bias"])
    moved, below, above = (hidden @ parameters["volume_out"].mT + parameters["volume_out_bias"]).unbind(1)
    middle = rows[:, 1] + moved
    return torch.stack([middle - softplus(below), middle, middle + softplus(above)], dim=1)


def pinball(quantiles: Tensor, value: Tensor) -> Tensor:
    """Pinball loss (n,) of QUANTILES (n, 3) for what came (n,)."""
    levels = quantiles.new_tensor(QUANTILES)
    off = value[:, None] - quantiles
    return torch.maximum(levels * off, (levels - 1) * off).mean(1)


def widening(quantiles: Tensor, value: Tensor) -> float:
    """How far both ends must move out (in: below 0) for the interval to hold COVERAGE of patients like these."""
    missed = torch.maximum(quantiles[:, 0] - value, value - quantiles[:, 2]).numpy()
    level = min(1.0, np.ceil(COVERAGE * (len(missed) + 1)) / len(missed))
    return float(np.quantile(missed, level, method="higher"))


def volumes(parameters: Parameters, rows: Tensor) -> Tensor:
    """Low, middle and high (n, 3) of the coming volume in ml from features (n, F)."""
    quantiles = log_quantiles(parameters, rows)
    ends = torch.stack([-torch.ones(1), torch.zeros(1), torch.ones(1)], dim=1) * parameters["volume_widening"]
    return (torch.exp(quantiles + ends) - FLOOR_ML).clamp(min=0.0)
