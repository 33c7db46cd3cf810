"""How large a tumour will be on a coming day: a mixture of logistic distributions of its log ratio to the size now.

    P(log ratio ≤ z) = Σ_m w_m σ((z − c_m) / s_m),  c_m = a_m + b_m (d − 1),  log s_m = e_m + f_m log d,  d = days / 45

The days ahead enter here and nowhere else: one state answers for every coming day. Risk of progression is what lies
beyond the limit, intervals are quantiles of the same distribution, so that the two never contradict each other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from models.measurement import ROUNDED_MM
from models.serving.history import FIRST_GAP_DAYS, FLOORS, GAPS_DAYS

FLOOR_MM = FLOORS["sum_of_diameters"]
UNIT_DAYS, LEAST, MOST = 45.0, 0.2, 4.0  # between a wait of nine days and one of half a year
PER_COMPONENT = 5  # weight, middle, its drift, log scale, its growth
# Before training: as it is and hardly moved; moved by some; much smaller or gone.
WEIGHTS, MIDDLES, LOG_SCALES = (2.0, 1.0, -1.0), (0.0, 0.0, -1.0), (-2.5, -1.5, -0.7)
COMPONENTS = len(WEIGHTS)
SMALLEST = 1e-6  # probability
RHYTHMS = (0.8, 0.95, 1.0, 1.05, 1.3, 1.6)  # of the days the next visit is expected after: give or take
HALVINGS = 10  # of the way between the outermost components; the rest is a straight line


class Mixture(NamedTuple):
    """Components (M, …) of the log ratio on one coming day; first, so that rows lie side by side in memory."""

    weight: Tensor
    middle: Tensor
    scale: Tensor

    def below(self, log_ratio: Tensor) -> Tensor:
        """P(log ratio ≤ `log_ratio` (…))."""
        return (self.weight * torch.sigmoid((log_ratio - self.middle) / self.scale)).sum(0)


def start() -> Tensor:
    """The head's offset (5 M,) before training."""
    none = (0.0,) * COMPONENTS
    return torch.tensor((*WEIGHTS, *MIDDLES, *none, *LOG_SCALES, *none))


def on_day(head: Tensor, ahead_days: Tensor) -> Mixture:
    """The distribution `ahead_days` (…) from now, of a head's outputs (…, 5 M)."""
    weight, middle, drift, log_scale, growth = head.movedim(-1, 0).contiguous().chunk(PER_COMPONENT)
    wait = (ahead_days / UNIT_DAYS).clamp(LEAST, MOST)
    scale = torch.exp((log_scale + growth * torch.log(wait)).clamp(-7.0, 3.0))
    return Mixture(torch.softmax(weight, dim=0), middle + drift * (wait - 1.0), scale)


def negative_log_likelihood(head: Tensor, ahead_days: Tensor, log_size: Tensor, next_log_size: Tensor) -> Tensor:
    """−log P(the next size as it was read): head (…, 5 M), log sizes log(mm + 1) now and then, all (…)."""
    size = torch.expm1(next_log_size)
    coming = on_day(head, ahead_days)
    upper = coming.below(torch.log(size + ROUNDED_MM + FLOOR_MM) - log_size)
    lower = coming.below(torch.log((size - ROUNDED_MM).clamp(min=0.0) + FLOOR_MM) - log_size)
    return -torch.log((upper - torch.where(size <= ROUNDED_MM, 0.0, lower)).clamp(min=SMALLEST**1.5))


def below_at_next_visit(head: Tensor, log_ratios: Tensor, elapsed_days: Tensor) -> Tensor:
    """P(log ratio ≤ each of `log_ratios` (Z, …)) at the next visit: head (…, 5 M), days since the last visit (…)."""
    rhythm = torch.where(elapsed_days < 1.0, FIRST_GAP_DAYS, elapsed_days).clamp(*GAPS_DAYS)
    shares = head.new_tensor(RHYTHMS).reshape(-1, *(1,) * (head.dim() - 1))  # (R, 1, …)
    return _each(on_day(head[None], shares * rhythm)).below(log_ratios[:, None]).mean(1)


def risk_at_next_visit(head: Tensor, headroom: Tensor, elapsed_days: Tensor) -> Tensor:
    """P(the limit is reached at the next visit): head (…, 5 M), log `headroom` to it and days since the last visit.

    An unknown headroom (NaN) counts as none.
    """
    below: Tensor
    (below,) = below_at_next_visit(head, torch.nan_to_num(headroom)[None], elapsed_days)
    return (1.0 - below).clamp(SMALLEST, 1.0 - SMALLEST)


def quantiles(head: Tensor, ahead_days: Sequence[float], levels: Sequence[float]) -> Tensor:
    """Log ratios (n, D, Q) that stay below with probability `levels` (Q,) `ahead_days` (D,) from now.

    Of all members of head (E, n, 5 M) together: they are one mixture of all their components.
    """
    members, rows, _ = head.shape
    weight, middle, scale = on_day(head[None], head.new_tensor(ahead_days)[:, None, None])  # (M, D, E, n)
    parts = ((weight / members).expand_as(middle), middle, scale)
    coming = _each(Mixture(*(part.movedim(2, 1).flatten(0, 1) for part in parts)))  # (M E, 1, D, n)
    aim = head.new_tensor(levels)[:, None, None].expand(-1, len(ahead_days), rows)
    ends = coming.middle + coming.scale * torch.logit(aim)  # where each component alone would be
    low, high = ends.amin(0), ends.amax(0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = coming.below(middle) >= aim
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    below_low, below_high = coming.below(low), coming.below(high)
    share = ((aim - below_low) / (below_high - below_low).clamp(min=SMALLEST)).clamp(0.0, 1.0)
    return (low + share * (high - low)).permute(2, 1, 0)


def _each(coming: Mixture) -> Mixture:
    """The same distribution for several log ratios at once."""
    return Mixture(*(part.unsqueeze(1) for part in coming))
