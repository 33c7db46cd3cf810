"""The parameters of a network in a safetensors file whose sha256 its card names; never pickle."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from models.card import UnusableWeights


def write_parameters(path: Path, parameters: Mapping[str, Tensor]) -> str:
    """Write `parameters` into the file `path`, and its folder before where it lacks; returns the sha256 (hex)."""
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in parameters.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def read_parameters(path: Path, weights_sha256: str) -> dict[str, Tensor]:
    """The parameters in the file `path`; raises UnusableWeights where it is missing or not the one of this sha256."""
    if not path.is_file():
        raise UnusableWeights(f"{path} is missing: a model is a folder with weights and card.")
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != weights_sha256:
        raise UnusableWeights(f"{path} is not the file its card describes: sha256 {sha256}, not {weights_sha256}.")
    try:
        parameters: dict[str, Tensor] = load(data)
    except SafetensorError as error:
        raise UnusableWeights(f"{path} is not a safetensors file: {error}.") from None
    return parameters
