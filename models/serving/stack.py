"""Simple models that speak beside the network: fitted to arrays kept with its weights, asked as pure functions.

A stacked lead says the mean of all of them. Here recurrence and simple models err in different places, so that the
mean errs less than each (docs/forecasts.md).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.card import Architecture, EndpointOf
from models.serving import rhythm, trees
from models.serving.columns import Visits
from models.serving.rhythm import Endpoints

LOGISTIC, BOOSTING = "logistic", "boosting"


class VisitInputs(NamedTuple):
    """What n visits show: raw `inputs` (n, I), `context` (n, C), `days` since the first (n,); float64."""

    inputs: np.ndarray
    context: np.ndarray
    days: np.ndarray


Arrays = dict[str, np.ndarray]
SIMPLE: dict[str, Callable[[Arrays, Architecture, Visits, Endpoints], np.ndarray]] = {
    LOGISTIC: rhythm.risks,
    BOOSTING: lambda arrays, _architecture, visits, _endpoints: trees.risks(arrays, trees.columns_of(visits)),
}
"""Risks (n, K) of each kind, from its arrays."""


def risks(arrays: Mapping[str, Arrays], architecture: Architecture, endpoints: Endpoints, visits: Visits) -> np.ndarray:
    """Risks (S, n, K) of the simple models of a stack; a pure function of its arguments."""
    return np.stack([SIMPLE[kind](arrays[kind], architecture, visits, endpoints) for kind in architecture.stacked])


def packed(kind: str, arrays: Arrays) -> dict[str, Tensor]:
    """Arrays of one simple model under names that tell them from the network's weights."""
    return {f"{kind}.{name}": torch.from_numpy(np.ascontiguousarray(part)) for name, part in arrays.items()}


def unpacked(architecture: Architecture, parameters: Mapping[str, Tensor]) -> dict[str, Arrays]:
    """The arrays of every simple model of a stack among `parameters`; KeyError if one is not there."""
    arrays: dict[str, Arrays] = {}
    for kind in architecture.stacked:
        own = {n.removeprefix(f"{kind}."): p.cpu().numpy() for n, p in parameters.items() if n.startswith(f"{kind}.")}
        if not own:
            raise KeyError(kind)
        arrays[kind] = own
    return arrays


def mean_of(network: Tensor, simple: Tensor) -> Tensor:
    """Risks (..., K) of the lead: the mean of the network's and of those simple models (S, ..., K) that answer.

    One that does not answer a question says NaN.
    """
    return torch.cat([network[None], simple]).nanmean(0)


def shifted(risks: Tensor, network: Tensor, lead: Tensor) -> Tensor:
    """Ends (..., K) of the network's interval moved in log odds as far as the lead lies from the network's mean."""
    way = torch.logit(lead, eps=1e-6) - torch.logit(network, eps=1e-6)
    return torch.sigmoid(torch.logit(risks, eps=1e-6) + way)


def by_horizon(risks: Tensor, endpoints: Sequence[EndpointOf]) -> Tensor:
    """Risks (..., K) that never fall as the horizon grows: simple models answer each horizon on its own."""
    days = [k for k, each in enumerate(endpoints) if each.horizon_days is not None]
    rising = risks.clone()
    if days:
        rising[..., days] = torch.cummax(risks[..., days], dim=-1).values
    return rising
