"""The slice classifier as it is served: does a head series show a tumour, how sure is that, and which slices say so."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from models.card import UnusableWeights
from models.imaging.explain import gates_along, gradient_map, occlusion_map
from models.imaging.image_card import ImageCard, load_network
from models.imaging.network import ALONG, SliceLogits, SliceNetwork
from models.imaging.preprocess import resampled, slice_stack
from models.imaging.volume import Volume

CENTRAL = (0.05, 0.95)
"""The ends of the interval among the members: its central 90 %."""
EXPLAINING = 2
"""Members that maps are drawn by: on a real series those of two and of all eight correlate by 0.98 (gradient) and 0.86
(occlusion), and covering a slice piece by piece takes a second for each."""
MOST_SLICES, READ_SLICES = 40, 24
"""A series with more slices is read as this many thicker ones: those it learned from had 24."""


class SliceScores(NamedTuple):
    """Probabilities of tumour: in the `series`, from `low` to `high` over the members, and in each of `slices` (D,)."""

    series: float
    low: float
    high: float
    slices: np.ndarray


class SliceExplanation(NamedTuple):
    """Why a slice was said to show tumour: the `picture` that the network saw, and maps of it (S, S) uint8.

    `occlusion`, `gradient`: from 0 (does not count) to 255 (counts most). `gates` (4, D): what the first layer lets in,
    keeps and shows at each slice on its way, and how much it remembers.
    """

    picture: np.ndarray
    occlusion: np.ndarray
    gradient: np.ndarray
    gates: np.ndarray


class SliceClassifier:
    """An ensemble of networks; each learned without one of the patients."""

    def __init__(self, card: ImageCard, members: Sequence[SliceNetwork]) -> None:
        self.card = card
        self.members = tuple(member.eval() for member in members)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The classifier in `folder`; raises UnusableWeights where weights and card do not belong together."""
        torch.set_num_threads(1)  # sums split over threads round differently, and a forked process has no such threads
        card, parameters = load_network(folder)
        if tuple(card.architecture.get("along_the_slices", ())) != ALONG:
            raise UnusableWeights(f"The weights in {folder} are for another network: train it again.")
        return cls(card, [_member(folder, number, parameters) for number in range(card.architecture["members"])])

    def scores(self, volume: Volume) -> SliceScores:
        """What the members say of `volume`, means over them; slices in its order."""
        stack = torch.from_numpy(slice_stack(thick(volume)))
        with torch.inference_mode():
            said = [member(stack) for member in self.members]
        series = torch.sigmoid(torch.cat([each.series for each in said])).numpy()
        low, high = np.quantile(series, CENTRAL)
        return SliceScores(float(series.mean()), float(low), float(high), of_slices(said, len(volume.values)))

    def explained(self, volume: Volume, level: int) -> SliceExplanation:
        """Why slice `level` (from 0, from the feet) of `volume` was said to show tumour, by EXPLAINING members."""
        stack = torch.from_numpy(slice_stack(thick(volume)))
        depth, members = len(volume.values), self.members[:EXPLAINING]
        read = round((level + 0.5) * len(stack) / depth - 0.5)
        gates = np.array([[*vars(each).values()] for each in gates_along(members[0], stack)])
        return SliceExplanation(
            _bytes(stack[read, 0].numpy()),
            _bytes(occlusion_map(members, stack, read)),
            _bytes(gradient_map(members, stack, read)),
            _stretched(gates.T, depth),
        )


def thick(volume: Volume) -> Volume:
    """`volume` as the network knows series: with READ_SLICES thicker slices where there are more than MOST_SLICES."""
    depth, height, width = volume.values.shape
    return volume if depth <= MOST_SLICES else resampled(volume, (READ_SLICES, height, width))


def of_slices(said: Sequence[SliceLogits], depth: int) -> np.ndarray:
    """Probabilities (depth,) float32 of the slices, from what the members said of as many or of fewer thicker ones."""
    read = torch.sigmoid(torch.stack([each.slices[:, 0] for each in said])).mean(0).numpy()
    probabilities: np.ndarray = _stretched(read[None], depth)[0].astype(np.float32)
    return probabilities


def _stretched(rows: np.ndarray, depth: int) -> np.ndarray:
    """Values (R, n) of as many or fewer thicker slices as those (R, depth) of the series."""
    many = rows.shape[1]
    places = (np.arange(depth) + 0.5) * many / depth - 0.5
    return np.stack([np.interp(places, np.arange(many), row) for row in rows])


def _bytes(shares: np.ndarray) -> np.ndarray:
    """Shares from 0 to 1 as bytes."""
    levels: np.ndarray = np.round(np.clip(shares, 0.0, 1.0) * 255).astype(np.uint8)
    return levels


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
