"""The folder of a bundle that was trained here: what MONAI's tools read too, the same bytes from the same weights."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.bundles.description import INFERENCE, METADATA, Bundle

IMAGE = {
    "type": "image",
    "format": "magnitude",
    "modality": "MR",
    "body_part": "BRAIN",
    "num_channels": 1,
    "spatial_shape": ["*", "*", "*"],
    "dtype": "float32",
    "value_range": [0, 65535],
    "is_patch_data": False,
    "channel_def": {"0": "T1-weighted after contrast"},
}
OUTLINED = IMAGE | {
    "format": "segmentation",
    "num_channels": 2,
    "value_range": [0, 1],
    "channel_def": {"0": "background", "1": "tumour"},
}
NAME = "models/model.ts"


def write_bundle(folder: Path, network: nn.Module, said: Mapping[str, Any], smallest_voxels: int) -> Bundle:
    """Script `network` and write it with all that is `said` of it; the bundle as it is read again."""
    for name in (NAME, METADATA):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_bytes(_scripted(network))
    formats = {"inputs": {"image": IMAGE}, "outputs": {"pred": OUTLINED}}
    _write(folder / METADATA, {**said, "network_data_format": formats})
    after = [
        {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
        {"_target_": "RemoveSmallObjectsd", "keys": "pred", "min_size": smallest_voxels},
    ]
    before = [{"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"}]
    _write(
        folder / INFERENCE,
        {
            "preprocessing": {"_target_": "Compose", "transforms": before},
            "inferer": {"_target_": "SimpleInferer"},
            "postprocessing": {"_target_": "Compose", "transforms": after},
        },
    )
    return Bundle.read(folder)


def _scripted(network: nn.Module) -> bytes:
    """TorchScript without the notes on where the source lay, which are of the machine and not of the network."""
    saved, kept = io.BytesIO(), io.BytesIO()
    torch.jit.save(torch.jit.script(network), saved)
    with zipfile.ZipFile(saved) as before, zipfile.ZipFile(kept, "w") as after:
        for name in before.namelist():
            if not name.endswith(".debug_pkl"):
                after.writestr(zipfile.ZipInfo(name), before.read(name))
    return kept.getvalue()


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
