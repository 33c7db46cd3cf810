"""A trained ensemble in service: states and timepoints in, next states and forecasts out; it remembers nothing.

A risk is the mean over the members, its interval the central 90 % of their spread.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.card import COMMITTED, Architecture, Card, EndpointOf, UnusableWeights
from models.context import context
from models.features import FEATURE_NAMES
from models.forecast import Forecast, SizeForecast
from models.hazard import risk_by_horizon
from models.history import cell_names, headroom_of, observe
from models.lstm import State
from models.mixture import FLOOR_MM, quantiles
from models.network import Moment, Normaliser, Output, sizes_head, state_size, step
from models.timepoint import Timepoint
from models.weights import load_weights

# Rows are stepped in chunks of this size, padded: kernels choose their order of summation by shape, so that only a
# fixed shape gives a row the same bits whatever else is in the batch. Smaller wastes launches, larger wastes padding.
CHUNK = 64
CENTRAL = (0.05, 0.95)
LEVELS = (0.5, 0.8, 0.95)  # of the intervals of a size
MEDIAN = len(LEVELS)
# Of the way from the last size to the median: all of it errs more than the last size in two of four trials left out.
TRUST = 0.25
SIZE_QUANTILES = tuple((1 - level) / 2 for level in reversed(LEVELS)) + (0.5,) + tuple((1 + x) / 2 for x in LEVELS)


class NoSuchDevice(ValueError):
    """The setting names a device that this machine lacks: one sentence."""


class Forecaster:
    """One set of weights on one device; `weights_version` is the sha256 of its file."""

    def __init__(self, card: Card, parameters: dict[str, Tensor], device: torch.device) -> None:
        self.card = card
        self.device = device
        self.weights_version = card.weights_sha256
        self._parameters = {name: tensor.to(device) for name, tensor in parameters.items()}
        self._inputs = Normaliser(self._parameters["input_mean"], self._parameters["input_scale"])
        self._context = Normaliser(self._parameters["context_mean"], self._parameters["context_scale"])
        self._used = [FEATURE_NAMES.index(name) for name in card.feature_names]
        self._needed = [FEATURE_NAMES.index(name) for name in card.applies_to.needs]

    def applies(self, disease: str, x: Sequence[float | None]) -> bool:
        """Whether the card's needs are met by a timepoint with features `x` (F,); an unknown disease meets none.

        Missing is None or NaN. Asked for every scan of a timeline, so that an array would cost more than the answer.
        """
        return disease in self.card.applies_to.diseases and any(
            (value := x[at]) is not None and math.isfinite(value) for at in self._needed
        )

    def initial(self, n: int) -> np.ndarray:
        """States (n, S) float32 before the first timepoint."""
        return np.zeros((n, state_size(self.card.architecture)), dtype=np.float32)

    def advance(self, states: np.ndarray, timepoints: Sequence[Timepoint]) -> tuple[np.ndarray, list[list[Forecast]]]:
        """One step of n timelines: states (n, S) float32 → next states (n, S) float32 and forecasts per timepoint.

        A pure function: the same row gives the same bits whatever else is in the batch.
        """
        if states.shape != (len(timepoints), state_size(self.card.architecture)):
            raise ValueError(f"states of shape {states.shape} do not fit {len(timepoints)} timepoints")
        next_states = np.empty_like(states)
        forecasts: list[list[Forecast]] = []
        for start in range(0, len(timepoints), CHUNK):
            rows = slice(start, min(start + CHUNK, len(timepoints)))
            next_states[rows], risks = self._advance_chunk(states[rows], timepoints[rows])
            forecasts += [self._forecasts(row) for row in risks.tolist()]
        return next_states, forecasts

    def sizes(self, states: np.ndarray) -> list[list[SizeForecast]]:
        """Sizes on the coming days the card names, by timeline, of states (n, S) alone; none before a size was seen.

        Intervals are central. The value lies between the last size and the median. A pure function, like `advance`.
        """
        found: list[list[SizeForecast]] = []
        for start in range(0, len(states), CHUNK):
            found += self._sizes_of_chunk(states[start : start + CHUNK])
        return found

    def _sizes_of_chunk(self, states: np.ndarray) -> list[list[SizeForecast]]:
        architecture = self.card.architecture
        if not architecture.size_days:
            return [[] for _ in states]
        at = [cell_names(architecture.feature_names).index(f"sum_of_diameters.{name}") for name in ("seen", "last")]
        with torch.inference_mode():
            core, cells = self._unpack(self._padded(states))
            head, (seen, size) = sizes_head(self._parameters, core.hidden), cells[:, at].unbind(1)
            ratios = torch.stack([quantiles(head, float(days), SIZE_QUANTILES) for days in architecture.size_days], 1)
            ratios[..., MEDIAN] = (TRUST * ratios[..., MEDIAN]).clamp(ratios[..., MEDIAN - 1], ratios[..., MEDIAN + 1])
            values = ((size + FLOOR_MM)[:, None, None] * torch.exp(ratios) - FLOOR_MM).clamp(min=0.0)
        rows = zip(seen.tolist(), values.tolist(), strict=True)
        return [self._size_forecasts(of) if known else [] for known, of in rows][: len(states)]

    def _size_forecasts(self, values: list[list[float]]) -> list[SizeForecast]:
        """From quantiles by day and SIZE_QUANTILES."""
        return [
            SizeForecast("sum_of_diameters", days, of[MEDIAN], of[MEDIAN - n], of[MEDIAN + n], level)
            for days, of in zip(self.card.architecture.size_days, values, strict=True)
            for n, level in enumerate(LEVELS, start=1)
        ]

    def _advance_chunk(self, states: np.ndarray, timepoints: Sequence[Timepoint]) -> tuple[np.ndarray, Tensor]:
        """Next states (m, S) and risks (m, endpoints, [mean, low, high]) of m ≤ CHUNK rows."""
        architecture = self.card.architecture
        facts = [context(architecture.context_names, t.clinical, t.treatments) for t in timepoints]
        x = self._padded(np.stack([t.x[self._used] for t in timepoints]))
        elapsed = self._padded(np.array([t.elapsed_days for t in timepoints]))
        known = self._padded(np.stack(facts))
        with torch.inference_mode():
            core, cells = self._unpack(self._padded(states))
            cells, inputs = observe(cells, x, elapsed, architecture.feature_names)
            moment = Moment(elapsed, cells[:, -1], headroom_of(inputs, architecture.feature_names))
            output, core = step(
                architecture, self._parameters, self._inputs(inputs), self._context(known)[None], moment, core
            )
            packed, risks = self._pack(core, cells), self._risks(output)
            return packed[: len(timepoints)].cpu().numpy(), risks[: len(timepoints)].cpu()

    def _padded(self, rows: np.ndarray) -> Tensor:
        full = np.zeros((CHUNK, *rows.shape[1:]), dtype=np.float32)
        full[: len(rows)] = rows
        return torch.from_numpy(full).to(self.device)

    def _unpack(self, states: Tensor) -> tuple[State, Tensor]:
        """States (n, S) → core state, two (E, n, H), and running cells (n, C)."""
        architecture = self.card.architecture
        cells = len(cell_names(architecture.feature_names))
        core = states[:, :-cells].unflatten(1, (architecture.members, 2, architecture.hidden))
        hidden, cell = core.permute(2, 1, 0, 3).contiguous()
        return State(hidden, cell), states[:, -cells:]

    def _pack(self, core: State, cells: Tensor) -> Tensor:
        members_first = torch.stack([core.hidden, core.cell], dim=1)  # (E, 2, n, H)
        return torch.cat([members_first.permute(2, 0, 1, 3).flatten(1), cells], dim=1)

    def _risks(self, output: Output) -> Tensor:
        """What a visit says → (n, endpoints, [mean, low, high]), all in [0, 1]."""
        risks = risks_of(self.card.architecture, self.card.endpoints, output)
        low, high = torch.quantile(risks, risks.new_tensor(CENTRAL), dim=0)
        return torch.stack([risks.mean(0), low, high], dim=-1).clamp(0.0, 1.0)

    def _forecasts(self, risks: list[list[float]]) -> list[Forecast]:
        return [
            Forecast(e.endpoint, e.horizon_kind, e.horizon_days, risk, low, high)
            for e, (risk, low, high) in zip(self.card.endpoints, risks, strict=True)
        ]


def risks_of(architecture: Architecture, endpoints: Sequence[EndpointOf], output: Output) -> Tensor:
    """Risks (..., n, endpoints) of what visits say: by horizon first, then at the next visit."""
    ends = architecture.interval_ends_days
    if not ends:
        return torch.sigmoid(output.logits)
    horizons = [each.horizon_days for each in endpoints if each.horizon_days is not None]
    return torch.cat([risk_by_horizon(output.logits, ends, horizons), output.next_visit], dim=-1)


def load_forecaster(folder: Path, device: str = "auto") -> Forecaster:
    """The forecaster of `folder` on `device` (auto, cpu or cuda[:n]).

    Raises UnusableWeights where files are damaged, NoSuchDevice where this machine lacks the device. For this process
    TF32 is switched off (states must not depend on the kind of GPU), and a CPU works with one thread: matrices of 64
    rows take longer to hand out to others than to multiply.
    """
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    card, parameters = load_weights(folder)
    return Forecaster(card, parameters, _device(device))


def tried_out(folder: Path) -> Card:
    """The card of `folder` once its weights have taken a step on this machine's CPU; UnusableWeights if they cannot."""
    try:
        forecaster = load_forecaster(folder, "cpu")
        seen = Timepoint(np.ones(len(FEATURE_NAMES)), 0.0, forecaster.card.applies_to.diseases[0], (), {})
        _, (forecasts,) = forecaster.advance(forecaster.initial(1), [seen])
    except UnusableWeights:
        raise
    except (KeyError, ValueError, IndexError, RuntimeError) as error:
        raise UnusableWeights(f"The weights in {folder} do not work with this version of the code: {error}.") from None
    if not all(0.0 <= one.risk_low <= one.risk <= one.risk_high <= 1.0 for one in forecasts):
        raise UnusableWeights(f"The weights in {folder} forecast what is no probability.")
    return forecaster.card


def committed_forecasters(device: str = "auto") -> list[Forecaster]:
    """The forecasters of all weights that come with this package, by name."""
    folders = sorted(path.parent for path in COMMITTED.glob("*/card.json"))
    return [load_forecaster(folder, device) for folder in folders]


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise NoSuchDevice(f"The device {name} is not to be had on this machine: choose cpu or auto.")
    return torch.device(name)
