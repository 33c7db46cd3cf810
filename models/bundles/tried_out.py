"""A bundle's first volume: one that cannot outline a made-up one is not put in service."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from models.bundles.description import Bundle
from models.bundles.runner import BundleFailed, run
from models.bundles.unusable import UnusableBundle
from models.imaging.volume import Volume

SHAPE = (24, 96, 96)
SEED = 20261130


def tried_out(folder: Path) -> Bundle:
    """The bundle in `folder` once it has outlined noise, in a child; raises UnusableBundle with the reason."""
    bundle = Bundle.read(folder)
    if bundle.network.suffix == ".onnx" and find_spec("onnxruntime") is None:
        raise UnusableBundle("ONNX networks need onnxruntime, which is not installed: pip install 'scanstream[onnx]'.")
    values = np.random.default_rng(SEED).normal(500.0, 100.0, SHAPE).astype(np.float32)
    try:
        run(bundle, Volume(values, (1.0, 1.0, 1.0), bundle.modality))
    except BundleFailed as error:
        raise UnusableBundle(f"{bundle.title} was tried on a made-up volume, and {error}.") from None
    return bundle
