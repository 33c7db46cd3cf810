"""An encoder in service: a volume in, its embedding out; it remembers nothing."""

from pathlib import Path
from typing import Self

import numpy as np
import torch

from models.card import UnusableWeights
from models.encoding.grid import on_grid
from models.encoding.network import Encoders
from models.features import MODALITIES, encoded_by
from models.imaging.image_card import ImageCard, load_network
from models.imaging.volume import Volume

EMBEDDING_OF_SERIES = "embedding"
"""The endpoint of an encoder's card: it says numbers that mean nothing by themselves."""
CARDS = Path(__file__).parent / "cards"
"""Folders of the encoder and of the weights that come with this package; neither is in service unless it is added."""


class Encoder:
    """One set of weights on the CPU: what scans were measured by must not depend on the machine."""

    def __init__(self, card: ImageCard, network: Encoders) -> None:
        self.card = card
        self._network = network.eval()

    @property
    def feature_version(self) -> str:
        """Under which features hold what it says."""
        return encoded_by(self.card.weights_sha256)

    def embedding(self, volume: Volume) -> tuple[float, ...]:
        """What is said (EMBEDDING,) of a series of CT, MR or PET, from 0 to 1."""
        series = torch.from_numpy(on_grid(volume))[None]
        with torch.inference_mode():
            said = self._network.of[MODALITIES[volume.modality]](series)
        return tuple(float(each) for each in said[0])

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The encoder in `folder`; raises UnusableWeights."""
        card, parameters = load_network(folder)
        if card.endpoint != EMBEDDING_OF_SERIES:
            raise UnusableWeights(f"The network in {folder} is no encoder of series.")
        network = Encoders()
        try:
            network.load_state_dict(parameters)
        except RuntimeError:
            raise UnusableWeights(f"The weights in {folder} do not have the shape of this network.") from None
        return cls(card, network)


def tried_out(folder: Path) -> ImageCard:
    """The card of `folder` once its encoder has read a made-up series of each modality; UnusableWeights if not."""
    encoder = Encoder.load(folder)
    block = np.zeros((3, 32, 32), np.float32)
    block[:, 8:24, 8:24] = 5.0
    for modality in MODALITIES:
        said = encoder.embedding(Volume(block, (5.0, 4.0, 4.0), modality))
        if not all(0.0 <= each <= 1.0 for each in said):
            raise UnusableWeights(f"The encoder in {folder} says numbers that are none from 0 to 1.")
    return encoder.card
