"""A flag for patients unlike those in the training data, and what makes them so, in words.

An input of the network is unusual where it lies outside all that any training visit showed. For a patient like those
in training that happens to an input with a chance of 2 / (n + 1) after n patients, whatever its distribution. Counting
standard deviations would not do: three of them flag a twelfth of the training visits themselves, for ratios have long
tails, and miss a sum of diameters of half a metre, for the logarithms of tumours that vanished widen the scale.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from models.explaining.gating import network_inputs
from models.measurement import UNITS
from models.serving.forecaster import Forecaster
from models.serving.history import FLOORS, input_names
from models.timepoint import Timepoint

COMPARED = {"since_first": "the first", "since_last": "the last", "since_smallest": "the smallest so far"}
SHARED = {
    "headroom": ("limit of progression", math.exp, " × the sum of diameters"),
    "elapsed": ("days since the scan before:", math.expm1, ""),
    "days": ("days since the first scan:", math.expm1, ""),
    "visits": ("scans so far:", math.expm1, ""),
}
MARGIN = 1e-3
"""In the unit of an input, mostly a logarithm: what is not measured finer is not outside."""


@dataclass(frozen=True)
class UnusualInput:
    """An input outside the range of the training data, in its natural unit."""

    name: str
    words: str
    value: float
    lowest: float
    highest: float
    unit: str

    def __str__(self) -> str:
        covered = f"{self.lowest:.3g} to {self.highest:.3g}{self.unit}"
        return f"{self.words} {self.value:.4g}{self.unit}; in the training data {covered}"


def ranges_known(forecaster: Forecaster) -> bool:
    """Whether the card says what the training data covered; older ones do not."""
    return "ranges" in forecaster.card.training_data


def unusual(forecaster: Forecaster, timepoints: Sequence[Timepoint]) -> list[UnusualInput]:
    """What lies outside the training data at the last of `timepoints`, a patient's from the first on.

    Inputs that are unknown, or were the same throughout the training data, say nothing to the network and count not.
    """
    architecture, parameters = forecaster.card.architecture, forecaster.parameters
    ranges = forecaster.card.training_data.get("ranges", {})
    names = [*input_names(architecture.feature_names), *architecture.context_names]
    rows = network_inputs(forecaster, timepoints)
    values = torch.cat([rows.inputs[-1], rows.context[-1]]).tolist()
    scales = torch.cat([parameters["input_scale"], parameters["context_scale"]]).tolist()
    return [
        _unusual_input(name, value, *ranges[name])
        for name, value, scale in zip(names, values, scales, strict=True)
        if scale and name in ranges and _outside(value, *ranges[name])
    ]


def _outside(value: float, lowest: float, highest: float) -> bool:
    return value < lowest - MARGIN or value > highest + MARGIN  # never of an unknown one, NaN


def _unusual_input(name: str, value: float, lowest: float, highest: float) -> UnusualInput:
    words, natural, unit = _natural(name)
    return UnusualInput(name, words, natural(value), natural(lowest), natural(highest), unit)


def _natural(name: str) -> tuple[str, Callable[[float], float], str]:
    """What an input is called, how its value becomes one that people know, and the unit of that."""
    feature, _, kind = name.partition(".")
    words = feature.replace("_", " ")
    if kind == "level":
        return words, lambda value: max(0.0, math.exp(value) - FLOORS[feature]), _unit(feature)
    if kind in COMPARED:
        return words, math.exp, f" × {COMPARED[kind]}"
    if name in SHARED:
        return SHARED[name]
    return words, float, " years" if name == "age" else ""


def _unit(feature: str) -> str:
    return "" if UNITS.get(feature, "1") == "1" else f" {UNITS[feature]}"
