"""The exact running values of a timeline (first, smallest, last …) and the network's inputs made from them.

They are cells of the state beside (h, c): float32 copies of measured values, never sums of rounded ones, so that
nadir and baseline of a timeline are exact however long it grows.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.fused import FUSED_NAMES
from models.measurement import LARGEST
from models.progression import PROGRESSION_MM, PROGRESSION_RATIO

# Added before the logarithm: about the smallest step that was measured, so that 0 ("gone") stays finite.
FLOORS = {
    "sum_of_diameters": 1.0,  # mm
    "longest_diameter": 1.0,  # mm
    "short_axis": 1.0,  # mm
    "volume": 0.1,  # ml
    "sphericity": 0.05,
    "background_parenchymal_enhancement": 1.0,  # %
    "relative_attenuation": 0.01,  # 10 HU
    "intensity_entropy": 0.05,  # bit
    "intensity_uniformity": 0.01,
    "texture_joint_entropy": 0.05,  # bit
    "texture_contrast": 0.1,
    "texture_inverse_difference": 0.01,
} | dict.fromkeys(FUSED_NAMES, 1.0)
LIMITS = LARGEST | dict.fromkeys(FUSED_NAMES, 1.0)
CELLS_PER_FEATURE = ("seen", "first", "smallest", "last")
SHARED_CELLS = ("progressed", "visits", "days")
# The hazard falls steeply over the first steps of headroom and then hardly: two such falls (in log mm) let a linear
# model follow it.
FALLS = (0.15, 0.4)
# The day of the next visit is not known. It is taken to come after as many days as this one did; after the first one
# six weeks of treatment and a baseline within a week before it.
FIRST_GAP_DAYS, GAPS_DAYS = 49.0, (14.0, 130.0)
ROUNDING_MM = 1e-3  # of float32 sizes: exactly +20.0 % counts


def cell_names(feature_names: Sequence[str]) -> list[str]:
    """Names of the running cells, in their order."""
    return [f"{name}.{cell}" for name in feature_names for cell in CELLS_PER_FEATURE] + list(SHARED_CELLS)


def input_names(feature_names: Sequence[str]) -> list[str]:
    """Names of the inputs `observe` makes, in their order."""
    each = ("measured", "level", "since_first", "since_last", "since_smallest")
    recist = ["headroom", "progressed"] if "sum_of_diameters" in feature_names else []
    return [f"{name}.{kind}" for name in feature_names for kind in each] + recist + ["elapsed", "days", "visits"]


def observe(cells: Tensor, x: Tensor, elapsed_days: Tensor, feature_names: Sequence[str]) -> tuple[Tensor, Tensor]:
    """One visit: `cells` (n, C), `x` (n, F) NaN = missing, `elapsed_days` (n,) → next cells (n, C), inputs (n, I).

    Inputs are log values and log ratios to the first, the last and the smallest value; a missing or impossible value is
    carried forward, one never measured gives NaN.
    """
    own = torch.unflatten(cells[:, : -len(SHARED_CELLS)], 1, (len(feature_names), len(CELLS_PER_FEATURE)))
    seen, first, smallest, last = own.unbind(-1)
    progressed, visits, days = cells[:, -len(SHARED_CELLS) :].unbind(-1)
    measured, known = (x >= 0) & (x <= x.new_tensor([LIMITS[name] for name in feature_names])), seen > 0
    value = torch.where(measured, x, last)
    first, previous = torch.where(known, first, value), torch.where(known, last, value)
    nadir = torch.where(known, torch.minimum(smallest, value), value)
    seen, visits, days = seen + measured, visits + 1, days + elapsed_days
    sizes = _sizes((value, first, previous, nadir), feature_names)
    inputs = [torch.where((seen > 0)[..., None], torch.cat([measured[..., None], sizes], dim=-1), torch.nan).flatten(1)]
    if "sum_of_diameters" in feature_names:
        at = feature_names.index("sum_of_diameters")
        now = known[:, at] & (value[:, at] >= progression_limit(smallest[:, at]) - ROUNDING_MM)
        progressed = torch.maximum(progressed, now.to(progressed.dtype))
        inputs.append(_recist(value[:, at], nadir[:, at], progressed, seen[:, at] > 0))
    inputs.append(torch.log1p(torch.stack([elapsed_days, days, visits], dim=1)))
    shared = torch.stack([progressed, visits, days], dim=1)
    return torch.cat([torch.stack([seen, first, nadir, value], dim=-1).flatten(1), shared], dim=1), torch.cat(inputs, 1)


def headroom_of(inputs: Tensor, feature_names: Sequence[str]) -> Tensor:
    """The log headroom (...) among inputs (..., I); NaN where it is not among them."""
    if "sum_of_diameters" not in feature_names:
        return torch.full(inputs.shape[:-1], torch.nan, dtype=inputs.dtype, device=inputs.device)
    return inputs[..., input_names(feature_names).index("headroom")]


def progression_limit(nadir_mm: Tensor) -> Tensor:
    """The sum of diameters (mm) from which on it is progression, for the smallest sum so far."""
    return torch.maximum(PROGRESSION_RATIO * nadir_mm, nadir_mm + PROGRESSION_MM)


def _sizes(against: tuple[Tensor, ...], names: Sequence[str]) -> Tensor:
    """Log level and log ratios (n, F, 4)."""
    floors = against[0].new_tensor([FLOORS[name] for name in names])
    level, *before = (torch.log(v + floors) for v in against)
    return torch.stack([level, *(level - b for b in before)], dim=-1)


def _recist(value: Tensor, nadir: Tensor, progressed: Tensor, known: Tensor) -> Tensor:
    """Headroom log1p(limit) − log1p(sum), and whether the limit was reached so far: (n, 2)."""
    headroom = torch.log1p(progression_limit(nadir)) - torch.log1p(value)
    return torch.where(known[:, None], torch.stack([headroom, progressed], dim=1), torch.nan)
