"""Growth maps in service: states of all lesions that are followed in, next states and maps out, as of any weights.

The lesion of a crop lies with its middle in the middle: what it grew counts, where two scans put it does not.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from models.card import CONVLSTM, AppliesTo, Architecture, Card, UnusableWeights
from models.features import FEATURE_NAMES, MEASUREMENTS
from models.forecast import Forecast, GrowthMap
from models.growth import forecaster
from models.growth.card import GrowthCard, load_growth
from models.growth.forecaster import STATE_LAYOUT, STATE_NUMBERS
from models.growth.maps import SHAPE, VOXELS, packed, volume_ml
from models.growth.network import HIDDEN
from models.growth.treatment_context import visit_context
from models.serving.forecaster import Forecaster
from models.serving.weights import CARD
from models.timepoint import LesionOutline, Timepoint

DISEASES = ("brain",)
"""Rates and treatments of the simulation are those of gliomas."""
HORIZON_DAYS = (42, 84)
"""Six and twelve weeks, the usual times between visits."""
MOST_LESIONS = 3
SIMULATED = {"attribution": "All are simulated", "licence": "no data of a patient", "patient_sha256": ()}
NAME_NUMBERS = 3
HEAD_NUMBERS = NAME_NUMBERS + 1
BLOCK_NUMBERS = HEAD_NUMBERS + STATE_NUMBERS
LAYOUT = {
    **STATE_LAYOUT,
    "size": BLOCK_NUMBERS,
    "lesions": f"a block of this size for each lesion that is followed, {MOST_LESIONS} at most, in the order of its "
    "first outline: three numbers of its name, days since its last outline, then the order above",
}


class FollowedMap(NamedTuple):
    """A lesion's block of a state (BLOCK_NUMBERS,)."""

    block: np.ndarray

    @classmethod
    def first(cls, lesion_uid: str) -> Self:
        """Before its first outline."""
        fresh = np.frombuffer(forecaster.to_bytes(forecaster.initial()), "<f4")
        return cls(np.concatenate([_name(lesion_uid), np.zeros(1, np.float32), fresh]).astype(np.float32))

    def is_of(self, lesion_uid: str) -> bool:
        """Whether it is this lesion's."""
        return bool((self.block[:NAME_NUMBERS] == _name(lesion_uid)).all())

    def waited(self, days: float) -> Self:
        """After a visit that did not outline it."""
        block = self.block.copy()
        block[NAME_NUMBERS] += days
        return type(self)(block)


def is_growth(folder: Path) -> bool:
    """Whether a folder holds weights of growth maps."""
    try:
        return "grid" in json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def service_card(card: GrowthCard) -> Card:
    """What the service needs to know of them, as of other weights: they answer no question of an endpoint."""
    return Card(
        model=card.model,
        weights_sha256=card.weights_sha256,
        feature_version=MEASUREMENTS,
        architecture=Architecture(CONVLSTM, 1, HIDDEN, ("volume",), (), (), ()),
        endpoints=(),
        state_layout=LAYOUT,
        applies_to=AppliesTo(DISEASES, ("volume",), 1),
        training_data={**card.training_data, **SIMULATED, "learned_from": card.learned_from},
        seed=card.seed,
        metrics={"growth": card.metrics},
        intended_use=card.intended_use,
        limits=card.limits,
    )


class GrowthForecaster(Forecaster):
    """One set of weights of growth maps, on the CPU: a voxel must not change sides with the device."""

    def __init__(self, card: Card, parameters: Mapping[str, Tensor]) -> None:
        self.card = card
        self.device = torch.device("cpu")
        self.weights_version = card.weights_sha256
        self.parameters = dict(parameters)
        self._needed = [FEATURE_NAMES.index(name) for name in card.applies_to.needs]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The forecaster in `folder`; raises UnusableWeights where weights and card do not belong together."""
        card, parameters = load_growth(folder)
        return cls(service_card(card), parameters)

    def initial(self, n: int) -> np.ndarray:
        """States (n,) before the first outline: no lesion is followed."""
        return self.together([np.zeros(0, np.float32)] * n)

    def together(self, states: Sequence[np.ndarray]) -> np.ndarray:
        """States (n,) of object: each is as long as its lesions are many."""
        rows = np.empty(len(states), object)
        for number, state in enumerate(states):
            rows[number] = state
        return rows

    def advance(self, states: np.ndarray, timepoints: Sequence[Timepoint]) -> tuple[np.ndarray, list[list[Forecast]]]:
        """One step of n timelines: states (n,) → next states (n,) and the maps of lesions that were outlined."""
        stepped = [self._step(state, timepoint) for state, timepoint in zip(states, timepoints, strict=True)]
        return self.together([state for state, _ in stepped]), [maps for _, maps in stepped]

    def _step(self, state: np.ndarray, timepoint: Timepoint) -> tuple[np.ndarray, list[Forecast]]:
        followed = [FollowedMap(block) for block in state.reshape(-1, BLOCK_NUMBERS)]
        blocks, maps = list[np.ndarray](), list[Forecast]()
        outlines = sorted(timepoint.lesions, key=lambda lesion: (-volume_ml(lesion.inside), lesion.lesion_uid))
        for each in followed:
            outline = next((one for one in outlines if each.is_of(one.lesion_uid)), None)
            after = each.waited(timepoint.elapsed_days) if outline is None else self._seen(each, outline, timepoint)
            blocks.append(after.block)
            maps += [] if outline is None else self._maps(after, outline)
        new = [one for one in outlines if one.inside.any() and not any(each.is_of(one.lesion_uid) for each in followed)]
        for outline in new[: MOST_LESIONS - len(followed)]:
            after = self._seen(FollowedMap.first(outline.lesion_uid), outline, timepoint)
            blocks.append(after.block)
            maps += self._maps(after, outline)
        return np.concatenate(blocks) if blocks else state, maps

    def _seen(self, followed: FollowedMap, outline: LesionOutline, timepoint: Timepoint) -> FollowedMap:
        """After a visit that outlined the lesion."""
        head, numbers = np.split(followed.block, [HEAD_NUMBERS])
        first = not numbers.any()
        elapsed = None if first else float(head[NAME_NUMBERS]) + timepoint.elapsed_days
        given = visit_context(timepoint.treatments, elapsed)
        state = forecaster.step(self.parameters, forecaster.from_bytes(numbers.tobytes()), outline.inside, given)
        after = np.frombuffer(forecaster.to_bytes(state), "<f4")
        return FollowedMap(np.concatenate([head[:NAME_NUMBERS], np.zeros(1, np.float32), after]))

    def _maps(self, followed: FollowedMap, outline: LesionOutline) -> Iterator[GrowthMap]:
        """What is forecast of a lesion that was outlined just now; of one that is gone nothing."""
        if not outline.inside.any():
            return
        state = forecaster.from_bytes(followed.block[HEAD_NUMBERS:].tobytes())
        for days in HORIZON_DAYS:
            said = forecaster.forecast(self.parameters, state, days)
            yield GrowthMap(
                outline.lesion_uid,
                days,
                volume_ml(outline.inside),
                said.volume.volume,
                said.volume.low,
                said.volume.high,
                float(self.parameters["drawn_from"]),
                packed(outline.inside),
                np.round(said.chance * 255).astype(np.uint8).tobytes(),
            )


def _name(lesion_uid: str) -> np.ndarray:
    """A lesion's name as numbers (3,) that float32 holds exactly: 72 bits of a hash."""
    held = hashlib.sha256(lesion_uid.encode()).digest()
    return np.array([int.from_bytes(held[at : at + 3], "big") for at in (0, 3, 6)], np.float32)


def tried_out(folder: Path) -> Card:
    """The card of `folder` once its weights have drawn a map; UnusableWeights if they cannot."""
    served = GrowthForecaster.load(folder)
    ball = np.square(np.indices(SHAPE) - (VOXELS - 1) / 2).sum(0) < 25
    seen = Timepoint(np.ones(len(FEATURE_NAMES)), 0.0, DISEASES[0], (), {}, (LesionOutline("ball", ball),))
    _, (maps,) = served.advance(served.initial(1), [seen])
    if not all(isinstance(each, GrowthMap) and each.volume_low <= each.volume <= each.volume_high for each in maps):
        raise UnusableWeights(f"The weights in {folder} forecast what is no volume.")
    return served.card
