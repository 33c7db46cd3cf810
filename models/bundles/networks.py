"""The network of a bundle, loaded: TorchScript by torch, ONNX by onnxruntime where that is installed."""

import torch
from torch import Tensor

from models.bundles.description import Bundle
from models.bundles.inference import Network


def load_network(bundle: Bundle) -> Network:
    """The network on the CPU, which gives the same bits wherever it runs again; what cannot be loaded raises."""
    if bundle.network.suffix == ".onnx":
        return _onnx(str(bundle.folder / bundle.network))
    script = torch.jit.load(str(bundle.folder / bundle.network), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    torch.jit.set_fusion_strategy([])  # a first run that is worked out otherwise than a second would differ
    return script  # type: ignore[no-any-return]


def _onnx(path: str) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()

    def network(values: Tensor) -> Tensor:
        (scores,) = session.run(None, {taken.name: values.numpy()})
        return torch.from_numpy(scores)

    return network
