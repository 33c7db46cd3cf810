"""A lesion's growth map: state in, state out, and from a state the map and the volume some days ahead."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.growth import network, volumes
from models.growth.convlstm import MapState
from models.growth.maps import FAR_MM, SHAPE, VOXELS, signed_distance
from models.growth.network import BLOCK, FURTHEST_DAYS, HIDDEN, SOONEST_DAYS, GrowthState, VisitContext, context_of
from models.growth.volumes import VolumeForecast

MAP_SHAPE = (VOXELS, HIDDEN, VOXELS // BLOCK, VOXELS // BLOCK)
MAP_NUMBERS = int(np.prod(MAP_SHAPE))
STATE_NUMBERS = 2 * MAP_NUMBERS + VOXELS**3
STATE_LAYOUT = {
    "dtype": "float32",
    "size": STATE_NUMBERS,
    "order": "hidden, cell (slice, channel, block row, block column), then distance to the last outline in mm",
    "slices": VOXELS,
    "channels": HIDDEN,
    "map": [VOXELS // BLOCK, VOXELS // BLOCK],
}


class GrowthForecast(NamedTuple):
    """`chance` (Z, Y, X) float32 that a voxel is inside, `inside` (Z, Y, X) bool as drawn, and the volume."""

    chance: np.ndarray
    inside: np.ndarray
    volume: VolumeForecast


def initial() -> GrowthState:
    """The state before a lesion's first visit."""
    return network.initial_state(VOXELS, VOXELS)


def step(parameters: Mapping[str, Tensor], state: GrowthState, inside: np.ndarray, given: VisitContext) -> GrowthState:
    """The state after a visit with the outline `inside` (Z, Y, X) bool; ValueError where its shape is not a crop's."""
    if inside.shape != SHAPE:
        raise ValueError(f"An outline of shape {inside.shape} is no crop of {SHAPE}.")
    distance_mm = torch.from_numpy(signed_distance(inside))
    with torch.inference_mode():
        return network.step(parameters, distance_mm, context_of(given).expand(VOXELS, -1), state)


def forecast(parameters: Mapping[str, Tensor], state: GrowthState, days: float) -> GrowthForecast:
    """The map and the volume `days` after the last visit, given that treatment goes on as simulated patients' did.

    ValueError for days that no weights learned from.
    """
    if not SOONEST_DAYS <= days <= FURTHEST_DAYS:
        raise ValueError(f"Growth maps look {SOONEST_DAYS:g} to {FURTHEST_DAYS:g} days ahead, not {days:g}.")
    with torch.inference_mode():
        logits = network.forecast(parameters, state, torch.full((VOXELS,), float(days)))
        rows = volumes.features(state, logits, torch.tensor([float(days)]))
        [(low, middle, high)] = volumes.volumes(parameters, rows).tolist()
    chance = torch.sigmoid(logits).numpy()
    return GrowthForecast(chance, chance >= float(parameters["drawn_from"]), VolumeForecast(middle, low, high))


def to_bytes(state: GrowthState) -> bytes:
    """A state as stored: little-endian float32 in the order of STATE_LAYOUT."""
    parts = (state.maps.hidden, state.maps.cell, state.distance_mm)
    return b"".join(part.numpy().astype("<f4").tobytes() for part in parts)


def from_bytes(stored: bytes) -> GrowthState:
    """The state that was stored; ValueError where the bytes are not one."""
    if len(stored) != 4 * STATE_NUMBERS:
        raise ValueError(f"{len(stored)} bytes are no state of a growth map, which has {4 * STATE_NUMBERS}.")
    numbers = torch.from_numpy(np.frombuffer(stored, dtype="<f4").astype(np.float32))
    if not numbers.isfinite().all():
        raise ValueError("A state of a growth map holds numbers that are not finite.")
    hidden, cell, distance = torch.split(numbers, [MAP_NUMBERS, MAP_NUMBERS, VOXELS**3])
    maps = MapState(hidden.reshape(MAP_SHAPE), cell.reshape(MAP_SHAPE))
    return GrowthState(maps, distance.reshape(SHAPE).clamp(-FAR_MM, FAR_MM))
