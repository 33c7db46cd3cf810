"""A trained ensemble in service: states and timepoints in, next states and forecasts out; it remembers nothing.

A risk is the mean over the members, its interval the central 90 % of their spread.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.card import COMMITTED, Card, UnusableWeights
from models.features import FEATURE_NAMES
from models.forecast import Forecast, RiskForecast, of_kind
from models.fused import chosen
from models.serving import stack
from models.serving.context import context
from models.serving.heads import VisitOutputs
from models.serving.history import cell_names, headroom_of, observe
from models.serving.lstm import State
from models.serving.network import Moment, Normaliser, state_size, step
from models.serving.stack import VisitInputs
from models.serving.weights import load_weights
from models.timepoint import Timepoint

# Rows are stepped in chunks of this size, padded: kernels choose their order of summation by shape, so that only a
# fixed shape gives a row the same bits whatever else is in the batch. Smaller wastes launches, larger wastes padding.
CHUNK = 64


class NoSuchDevice(ValueError):
    """The setting names a device that this machine lacks: one sentence."""


class Forecaster:
    """One set of weights on one device; `weights_version` is the sha256 of its file, `parameters` what is in it."""

    def __init__(self, card: Card, parameters: dict[str, Tensor], device: torch.device) -> None:
        self.card = card
        self.device = device
        self.weights_version = card.weights_sha256
        self._arrays = stack.unpacked(card.architecture, parameters)
        self.parameters = {name: tensor.to(device) for name, tensor in parameters.items() if "." not in name}
        self._inputs = Normaliser(self.parameters["input_mean"], self.parameters["input_scale"])
        self._context = Normaliser(self.parameters["context_mean"], self.parameters["context_scale"])
        self._needed = [FEATURE_NAMES.index(name) for name in card.applies_to.needs]

    def alone(self) -> "Forecaster":
        """The network without the simple models of its stack; it steps through the same states."""
        architecture = replace(self.card.architecture, stacked=())
        return Forecaster(replace(self.card, architecture=architecture), self.parameters, self.device)

    def applies(self, disease: str, x: Sequence[float | None]) -> bool:
        """Whether the card's needs are met by a timepoint with features `x`; an unknown disease meets none.

        Missing is None, NaN or beyond the end of `x`, which may be of any feature version. Asked for every scan of a
        timeline, so that an array would cost more than the answer.
        """
        return disease in self.card.applies_to.diseases and any(
            at < len(x) and (value := x[at]) is not None and math.isfinite(value) for at in self._needed
        )

    def initial(self, n: int) -> np.ndarray:
        """States (n, S) float32 before the first timepoint."""
        return np.zeros((n, state_size(self.card.architecture)), dtype=np.float32)

    def together(self, states: Sequence[np.ndarray]) -> np.ndarray:
        """States of several timelines (S,) as one step takes them: (n, S)."""
        return np.stack(states)

    def advance(self, states: np.ndarray, timepoints: Sequence[Timepoint]) -> tuple[np.ndarray, list[list[Forecast]]]:
        """One step of n timelines: states (n, S) float32 → next states (n, S) float32 and forecasts per timepoint.

        A pure function: the same row gives the same bits whatever else is in the batch.
        """
        if states.shape != (len(timepoints), state_size(self.card.architecture)):
            raise ValueError(f"states of shape {states.shape} do not fit {len(timepoints)} timepoints")
        if not all(0 <= timepoint.elapsed_days < math.inf for timepoint in timepoints):
            raise ValueError("days since the last scan are 0 or more: timepoints step in the order of their scans")
        next_states = np.empty_like(states)
        forecasts: list[list[Forecast]] = []
        for start in range(0, len(timepoints), CHUNK):
            rows = slice(start, min(start + CHUNK, len(timepoints)))
            next_states[rows], outputs = self._advance_chunk(states[rows], timepoints[rows])
            forecasts += outputs.forecasts(self.card, rows.stop - rows.start)
        return next_states, forecasts

    def _advance_chunk(self, states: np.ndarray, timepoints: Sequence[Timepoint]) -> tuple[np.ndarray, VisitOutputs]:
        """Next states (m, S) of m ≤ CHUNK rows and what the visits say."""
        architecture = self.card.architecture
        facts = [context(architecture.context_names, t.clinical, t.treatments) for t in timepoints]
        x = self._padded(np.stack([chosen(t.x, architecture.feature_names) for t in timepoints]))
        elapsed = self._padded(np.array([t.elapsed_days for t in timepoints]))
        known = self._padded(np.stack(facts))
        with torch.inference_mode():
            core, before = self._unpack(self._padded(states))
            cells, inputs = observe(before, x, elapsed, architecture.feature_names)
            moment = Moment(elapsed, cells[:, -1], headroom_of(inputs, architecture.feature_names))
            output, core = step(
                architecture, self.parameters, self._inputs(inputs), self._context(known)[None], moment, core
            )
            packed = self._pack(core, cells)[: len(timepoints)].cpu().numpy()
            return packed, VisitOutputs.of(self.card, output, cells, elapsed, self._simple(before, x, elapsed, known))

    def _simple(self, cells: Tensor, x: Tensor, elapsed_days: Tensor, known: Tensor) -> Tensor:
        """Risks (S, n, endpoints) of the simple models of a stack, for `cells` (n, C) before the visit.

        In float64 on the CPU: a tree's branch must not depend on how a device rounds a logarithm.
        """
        if not self._arrays:
            return cells.new_empty(0, len(cells), len(self.card.endpoints))
        cells, x, elapsed_days, known = (each.cpu().double() for each in (cells, x, elapsed_days, known))
        cells, inputs = observe(cells, x, elapsed_days, self.card.feature_names)
        visits = VisitInputs(inputs.numpy(), known.numpy(), cells[:, -1].numpy())
        risks = stack.risks(self._arrays, self.card.architecture, self.card.endpoints, visits)
        return torch.from_numpy(risks).to(self.device, torch.float32)

    def _padded(self, rows: np.ndarray) -> Tensor:
        full = np.zeros((CHUNK, *rows.shape[1:]), dtype=np.float32)
        full[: len(rows)] = rows
        return torch.from_numpy(full).to(self.device)

    def _unpack(self, states: Tensor) -> tuple[State, Tensor]:
        """States (n, S) → core state, two (E, n, H), and running cells (n, C)."""
        architecture = self.card.architecture
        cells = len(cell_names(architecture.feature_names))
        core = torch.unflatten(states[:, :-cells], 1, (architecture.members, 2, architecture.hidden))
        hidden, cell = core.permute(2, 1, 0, 3).contiguous()
        return State(hidden, cell), states[:, -cells:]

    def _pack(self, core: State, cells: Tensor) -> Tensor:
        members_first = torch.stack([core.hidden, core.cell], dim=1)  # (E, 2, n, H)
        return torch.cat([members_first.permute(2, 0, 1, 3).flatten(1), cells], dim=1)


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
        timepoint = Timepoint(np.ones(len(FEATURE_NAMES)), 0.0, forecaster.card.applies_to.diseases[0], (), {})
        _, (forecasts,) = forecaster.advance(forecaster.initial(1), [timepoint])
    except UnusableWeights:
        raise
    except (KeyError, ValueError, IndexError, RuntimeError) as error:
        raise UnusableWeights(f"The weights in {folder} do not work with this version of the code: {error}.") from None
    risks = of_kind(RiskForecast, forecasts)
    if not all(0.0 <= each.risk_low <= each.risk <= each.risk_high <= 1.0 for each in risks):
        raise UnusableWeights(f"The weights in {folder} forecast what is no probability.")
    return forecaster.card


def committed_forecasters(device: str = "auto") -> list[Forecaster]:
    """The forecasters of all weights that come with this package, by name."""
    folders = sorted(path.parent for path in COMMITTED.glob("*/card.json"))
    return [load_forecaster(folder, device) for folder in folders]


def device_name(name: str) -> str:
    """What people call the device that `auto`, `cpu` or `cuda[:n]` stands for here: `cpu`, or the name of the GPU.

    Raises NoSuchDevice.
    """
    device = _device(name)
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise NoSuchDevice(f"The device {name} is not to be had on this machine: choose cpu or auto.")
    return torch.device(name)
