"""The slice classifier as it is served: does a head series show a tumour, how sure is that, and which slices say so."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from models.card import UnusableWeights
from models.imaging.image_card import ImageCard, load_network
from models.imaging.network import SliceLogits, SliceNetwork
from models.imaging.preprocess import resampled, slice_stack
from models.imaging.volume import Volume

CENTRAL = (0.05, 0.95)
"""The ends of the interval among the members: its central 90 %."""
MOST_SLICES, READ_SLICES = 40, 24
"""A series with more slices is read as this many thicker ones: those it learned from had 24."""


class SliceScores(NamedTuple):
    """Probabilities of tumour: in the `series`, from `low` to `high` over the members, and in each of `slices` (D,)."""

    series: float
    low: float
    high: float
    slices: np.ndarray


class SliceClassifier:
    """An ensemble of networks; each learned without one of the patients."""

    def __init__(self, card: ImageCard, members: Sequence[SliceNetwork]) -> None:
        self.card = card
        self.members = tuple(member.eval() for member in members)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The classifier in `folder`; raises UnusableWeights where weights and card do not belong together."""
        card, parameters = load_network(folder)
        return cls(card, [_member(folder, number, parameters) for number in range(card.architecture["members"])])

    def scores(self, volume: Volume) -> SliceScores:
        """What the members say of `volume`, means over them; slices in its order."""
        stack = torch.from_numpy(slice_stack(thick(volume)))
        with torch.inference_mode():
            said = [member(stack) for member in self.members]
        series = torch.sigmoid(torch.cat([each.series for each in said])).numpy()
        low, high = np.quantile(series, CENTRAL)
        return SliceScores(float(series.mean()), float(low), float(high), of_slices(said, len(volume.values)))


def thick(volume: Volume) -> Volume:
    """`volume` as the network knows series: with READ_SLICES thicker slices where there are more than MOST_SLICES."""
    depth, height, width = volume.values.shape
    return volume if depth <= MOST_SLICES else resampled(volume, (READ_SLICES, height, width))


def of_slices(said: Sequence[SliceLogits], depth: int) -> np.ndarray:
    """Probabilities (depth,) float32 of the slices, from what the members said of as many or of fewer thicker ones."""
    read = torch.sigmoid(torch.stack([each.slices[:, 0] for each in said])).mean(0).numpy()
    places = (np.arange(depth) + 0.5) * len(read) / depth - 0.5
    probabilities: np.ndarray = np.interp(places, np.arange(len(read)), read).astype(np.float32)
    return probabilities


def packed(members: Sequence[SliceNetwork]) -> dict[str, Tensor]:
    """The parameters of all members under names that say whose they are."""
    return {f"{n}.{name}": each for n, member in enumerate(members) for name, each in member.state_dict().items()}


def _member(folder: Path, number: int, parameters: dict[str, Tensor]) -> SliceNetwork:
    network, own = SliceNetwork(), f"{number}."
    try:
        network.load_state_dict({k.removeprefix(own): each for k, each in parameters.items() if k.startswith(own)})
    except RuntimeError:
        raise UnusableWeights(
            f"The weights in {folder} do not hold member {number} in the shape of this network."
        ) from None
    return network
