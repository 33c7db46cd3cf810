"""Bundles with networks of a few lines, that do what a test needs: outline what is bright, or something wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


class Bright(nn.Module):
    """Tumour where the grey value is above a hundred."""

    def forward(self, volumes: Tensor) -> Tensor:
        return torch.cat([torch.full_like(volumes, 100.0), volumes], dim=1)


class NotFinite(nn.Module):
    def forward(self, volumes: Tensor) -> Tensor:
        return torch.cat([volumes, volumes / 0.0 * 0.0], dim=1)


class OneChannelTooFew(nn.Module):
    def forward(self, volumes: Tensor) -> Tensor:
        return volumes


class Smaller(nn.Module):
    def forward(self, volumes: Tensor) -> Tensor:
        return torch.cat([volumes, volumes], dim=1)[:, :, 1:]


class WholeNumbers(nn.Module):
    def forward(self, volumes: Tensor) -> Tensor:
        return torch.cat([volumes, volumes], dim=1).to(torch.int64)


class Raises(nn.Module):
    def forward(self, volumes: Tensor) -> Tensor:
        if volumes.shape[0] == 1:
            raise ValueError("no")
        return volumes


class Hangs(nn.Module):
    def forward(self, volumes: Tensor) -> Tensor:
        while bool(volumes.sum() > -1e30):
            volumes = volumes + 1.0
        return volumes


class TakesAllMemory(nn.Module):
    def forward(self, volumes: Tensor) -> Tensor:
        return volumes + torch.ones([4, 1000000000]).sum()


def bundle_of(
    folder: Path, network: nn.Module, change: Callable[[dict[str, Any]], None] | None = None, **more: Any
) -> Path:
    """Write a bundle for MR of the brain into `folder`; `change` its metadata; `more` is its inference.json."""
    (folder / "models").mkdir(parents=True)
    (folder / "configs").mkdir()
    torch.jit.script(network).save(str(folder / "models" / "model.ts"))
    told = metadata()
    if change:
        change(told)
    (folder / "configs" / "metadata.json").write_text(json.dumps(told))
    if more:
        (folder / "configs" / "inference.json").write_text(json.dumps(more))
    return folder


def metadata() -> dict[str, Any]:
    """As MONAI writes it, and the part of the body."""
    image = {
        "type": "image",
        "format": "magnitude",
        "modality": "MR",
        "body_part": "BRAIN",
        "num_channels": 1,
        "spatial_shape": [32, 32, 8],
        "dtype": "float32",
        "value_range": [0, 5000],
        "is_patch_data": False,
        "channel_def": {"0": "T1 after contrast"},
    }
    outlined = image | {"format": "segmentation", "num_channels": 2, "channel_def": {"0": "background", "1": "tumour"}}
    return {
        "name": "bright spots",
        "version": "0.1.0",
        "authors": "the tests",
        "network_data_format": {"inputs": {"image": image}, "outputs": {"pred": outlined}},
    }
