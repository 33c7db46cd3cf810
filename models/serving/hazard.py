"""Discrete-time hazard: from logits per interval to risk by horizon, and the likelihood it is trained with.

h_k = P(event in (τ_{k-1}, τ_k] | at risk at τ_{k-1}), S = Π (1 − h_k). (Singer & Willett 1993; Gensheimer &
Narasimhan, PeerJ 2019;7:e6257.)
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid


def risk_by_horizon(logits: Tensor, ends_days: Sequence[int], horizons_days: Sequence[int]) -> Tensor:
    """Risk 1 − S at each horizon: logits (..., K) of the intervals ending at `ends_days` → (..., horizons).

    Every horizon is the end of an interval (ValueError otherwise).
    """
    log_survival = logsigmoid(-logits).cumsum(-1)  # log Π (1 − h)
    at = [list(ends_days).index(horizon) for horizon in horizons_days]
    return -torch.expm1(log_survival[..., at])


def intervals(time_days: Tensor, event: Tensor, ends_days: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Labels and mask, both (..., K) float, of follow-up `time_days` (...) ending with or without an `event` (...).

    An interval counts where the event falls into it or its whole length was seen; one cut by censoring counts if more
    than half of it was seen (the actuarial half, without which early dropouts would raise the hazard).
    """
    ends = torch.tensor(ends_days, dtype=time_days.dtype)
    starts = torch.cat([ends.new_zeros(1), ends[:-1]])
    time = time_days[..., None]
    label = (event[..., None] > 0) & (time > starts) & (time <= ends)
    seen = time >= torch.where(event[..., None] > 0, ends, (starts + ends) / 2)
    return label.to(time.dtype), (label | seen).to(time.dtype)


def negative_log_likelihood(logits: Tensor, label: Tensor, mask: Tensor) -> Tensor:
    """Bernoulli NLL −Σ_k m_k [y_k log h_k + (1 − y_k) log(1 − h_k)]: all (..., K) → (...)."""
    return (binary_cross_entropy_with_logits(logits, label.expand_as(logits), reduction="none") * mask).sum(-1)
