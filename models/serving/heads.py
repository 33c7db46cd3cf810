"""From what a visit says, as tensors, to forecasts: risks, the sizes of coming days and the best response.

All three come from the same distribution where a model has one: the risk at the next visit is what lies beyond the
limit of progression, a response what lies below its own.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from models.card import NEXT_VISIT, Architecture, Card, EndpointOf
from models.forecast import Forecast, ResponseForecast, RiskForecast, SizeForecast
from models.measurement import ROUNDED_MM
from models.response import CRITERION, PARTIAL
from models.serving.hazard import risk_by_horizon
from models.serving.history import cell_names, progression_limit
from models.serving.mixture import FLOOR_MM, SMALLEST, below_at_next_visit, quantiles
from models.serving.network import NetworkOutput
from models.serving.stack import by_horizon, mean_of, shifted

CENTRAL = (0.05, 0.95)
LEVELS = (0.5, 0.8, 0.95)  # of the intervals of a size
MEDIAN = len(LEVELS)
SIZE_QUANTILES = tuple((1 - level) / 2 for level in reversed(LEVELS)) + (0.5,) + tuple((1 + x) / 2 for x in LEVELS)
# Of the way from the last size to the median: all of it errs more than the last size in two of four trials left out.
TRUST = 0.25
SIZE = "sum_of_diameters"


class VisitOutputs(NamedTuple):
    """What n visits say: `risks` (n, endpoints, [mean, low, high]), `sizes` (n, D, Q), `response` (n, 4).

    NaN where nothing is said of sizes or of a response.
    """

    risks: Tensor
    sizes: Tensor
    response: Tensor

    @classmethod
    def of(
        cls, card: Card, output: NetworkOutput, cells: Tensor, elapsed_days: Tensor, simple: Tensor
    ) -> "VisitOutputs":
        """From the network's output, the running `cells` (n, C) after the visit and days since the last (n,).

        `simple` (S, n, endpoints): risks of the simple models of a stack.
        """
        risks = risks_of(card.architecture, card.endpoints, output)
        ends = torch.quantile(risks, risks.new_tensor(CENTRAL), dim=0)
        lead = _stacked(card, torch.cat([risks.mean(0)[None], ends]), simple, cells).clamp(0.0, 1.0)
        response = _response(card, output, cells, elapsed_days, lead[0])
        return cls(lead.movedim(0, -1), _sizes(card.architecture, output, cells), response)

    def forecasts(self, card: Card, rows: int) -> Iterator[list[Forecast]]:
        """The forecasts of the first `rows` visits."""
        for risks, sizes, response in zip(*(part[:rows].tolist() for part in self), strict=True):
            yield [*_risk_forecasts(card, risks), *_size_forecast(card, sizes), *_response_forecast(response)]


def risks_of(architecture: Architecture, endpoints: Sequence[EndpointOf], output: NetworkOutput) -> Tensor:
    """Risks (..., n, endpoints) of what visits say: by horizon first, then at the next visit."""
    ends = architecture.interval_ends_days
    if not ends:
        return torch.sigmoid(output.logits)
    horizons = [each.horizon_days for each in endpoints if each.horizon_days is not None]
    return torch.cat([risk_by_horizon(output.logits, ends, horizons), output.next_visit], dim=-1)


def _stacked(card: Card, network: Tensor, simple: Tensor, cells: Tensor) -> Tensor:
    """Risk and both ends (3, n, K) of the lead, from those of the network.

    Simple models learn from visits before the event only: once there is progression, the network alone forecasts it.
    The interval keeps the network's width in log odds.
    """
    if not len(simple):
        return network
    lead = mean_of(network[0], simple)
    stacked = torch.cat([lead[None], shifted(network[1:], network[0], lead)])
    if card.endpoints[0].endpoint == "progression":
        (progressed,) = _cells(card.architecture, cells, "progressed")
        stacked = torch.where((progressed > 0)[:, None], network, stacked)
    return by_horizon(stacked, card.endpoints)


def _cells(architecture: Architecture, cells: Tensor, *names: str) -> tuple[Tensor, ...]:
    """Running values of the size, each (n,)."""
    known = cell_names(architecture.feature_names)
    return tuple(cells[:, known.index(name if name in known else f"{SIZE}.{name}")] for name in names)


def _sizes(architecture: Architecture, output: NetworkOutput, cells: Tensor) -> Tensor:
    """Sizes in mm (n, D, Q); the middle one lies between the last size and the median. NaN before a size was seen."""
    if not architecture.size_days:
        return cells.new_empty(len(cells), 0, len(SIZE_QUANTILES))
    seen, size = _cells(architecture, cells, "seen", "last")
    ratios = quantiles(output.sizes, architecture.size_days, SIZE_QUANTILES)
    ratios[..., MEDIAN] = (TRUST * ratios[..., MEDIAN]).clamp(ratios[..., MEDIAN - 1], ratios[..., MEDIAN + 1])
    values = ((size + FLOOR_MM)[:, None, None] * torch.exp(ratios) - FLOOR_MM).clamp(min=0.0)
    return torch.where((seen > 0)[:, None, None], values, math.nan)


def _response(card: Card, output: NetworkOutput, cells: Tensor, elapsed_days: Tensor, risks: Tensor) -> Tensor:
    """P(CR, PR, SD, PD) (n, 4) of the best response up to the next visit; NaN once it is settled by progression.

    The chance of progression is the lead's among `risks` (n, endpoints), the others share the rest.
    """
    if not card.architecture.size_days:
        return cells.new_full((len(cells), 4), math.nan)
    names = ("seen", "first", "smallest", "last", "progressed")
    seen, first, nadir, size, progressed = _cells(card.architecture, cells, *names)
    limits = torch.stack([torch.full_like(size, ROUNDED_MM), PARTIAL * first, progression_limit(nadir)])
    ratios = torch.log((limits + FLOOR_MM) / (size + FLOOR_MM))[:, None]  # (3, 1, n)
    below = below_at_next_visit(output.sizes, ratios, elapsed_days).mean(1)  # (3, n)
    gone, partial, limit = torch.cummax(below.clamp(0.0, 1.0), dim=0).values
    cr = torch.where(nadir < ROUNDED_MM, 1.0, gone)
    at_least_pr = torch.where(nadir <= PARTIAL * first, 1.0, partial)
    stable_before = seen > 1  # seen twice and not progressed: at least stable
    sd = torch.where(stable_before, 1.0, limit) - at_least_pr
    next_visit = [each.horizon_kind for each in card.endpoints].index(NEXT_VISIT)
    pd = torch.where(stable_before, 0.0, risks[:, next_visit])
    others = torch.stack([cr, at_least_pr - cr, sd], dim=-1).clamp(min=0.0)
    others = others * ((1.0 - pd) / others.sum(-1).clamp(min=SMALLEST))[:, None]
    each = torch.cat([others, pd[:, None]], dim=-1)
    return torch.where(((seen > 0) & (progressed == 0))[:, None], each, math.nan)


def _risk_forecasts(card: Card, risks: list[list[float]]) -> Iterator[RiskForecast]:
    for e, (risk, low, high) in zip(card.endpoints, risks, strict=True):
        yield RiskForecast(e.endpoint, e.horizon_kind, e.horizon_days, risk, low, high)


def _size_forecast(card: Card, sizes: list[list[float]]) -> Iterator[SizeForecast]:
    if sizes and not math.isnan(sizes[0][MEDIAN]):
        low = tuple(tuple(reversed(day[:MEDIAN])) for day in sizes)
        value, high = tuple(day[MEDIAN] for day in sizes), tuple(tuple(day[MEDIAN + 1 :]) for day in sizes)
        yield SizeForecast(SIZE, card.architecture.size_days, LEVELS, value, low, high)


def _response_forecast(response: list[float]) -> Iterator[ResponseForecast]:
    if not math.isnan(response[0]):
        yield ResponseForecast(CRITERION, *response)
