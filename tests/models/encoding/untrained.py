"""An encoder that nobody taught, as a folder: its numbers are as good as any where only their way is asked about."""

from pathlib import Path

import torch

from models.encoding.encoder import EMBEDDING_OF_SERIES
from models.encoding.network import Encoders
from models.imaging.image_card import ImageCard, save_network


def untrained(folder: Path, seed: int = 1) -> ImageCard:
    """Write it into `folder`."""
    torch.manual_seed(seed)
    said = {"applies_to": {}, "architecture": {}, "training_data": {}, "metrics": {}, "intended_use": "", "limits": ()}
    return save_network(
        folder, ImageCard("encoder", "", EMBEDDING_OF_SERIES, seed=seed, **said), Encoders().state_dict()
    )
