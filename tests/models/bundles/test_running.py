"""A bundle outlines what its network says, in a child; whatever the network does wrong ends there, with a reason.

What a child adds is tried once each; how a volume is read needs none, which takes seconds to start.
"""

import os
import signal
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.bundles.description import Bundle
from models.bundles.inference import BadOutput, labels
from models.bundles.networks import load_network
from models.bundles.runner import BundleFailed, Failure, run
from models.bundles.tried_out import tried_out
from models.bundles.unusable import UnusableBundle
from models.imaging.volume import Volume
from tests.models.bundles import small_bundles
from tests.models.bundles.small_bundles import Bright, Hangs, bundle_of
from tests.models.bundles.small_onnx import bright_onnx
from tests.waiting import children, wait_until

CHILD = "models.bundles.child"
RNG = np.random.default_rng(1)
VALUES = RNG.uniform(0.0, 90.0, (6, 30, 20)).astype(np.float32)
VALUES[2:4, 5:9, 3:8] = 500.0
VOLUME = Volume(VALUES, (3.0, 1.0, 1.5), "MR")
TUMOUR = 2  # the channel's number + 1


def made(folder: Path, network: nn.Module, **inference: object) -> Bundle:
    return Bundle.read(bundle_of(folder / "bundle", network, **inference))


def outlined(bundle: Bundle) -> np.ndarray:
    """What the child would answer."""
    with torch.inference_mode():
        return labels(bundle, load_network(bundle), VOLUME).numpy()


def steps(*listed: tuple[str, dict[str, object]]) -> dict[str, object]:
    return {"transforms": [{"_target_": f"{name}d", **more} for name, more in listed]}


def test_voxels_belong_to_the_channel_that_is_largest(tmp_path: Path) -> None:
    assert run(made(tmp_path, Bright()), VOLUME).tolist() == (TUMOUR * (VALUES > 100)).tolist()


@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="needs onnxruntime: pip install 'scanstream[onnx]'")
def test_a_network_as_onnx_outlines_what_it_outlines_as_torchscript(tmp_path: Path) -> None:
    script = bundle_of(tmp_path / "script", Bright())
    onnx = bundle_of(tmp_path / "onnx", Bright())
    (onnx / "models/model.ts").unlink()
    bright_onnx(onnx / "models/model.onnx")
    found = run(tried_out(onnx), VOLUME)
    assert found.any() and found.tolist() == outlined(Bundle.read(script)).tolist()
    assert Bundle.read(onnx).version != Bundle.read(script).version


@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="needs onnxruntime: pip install 'scanstream[onnx]'")
def test_an_onnx_file_that_is_damaged_is_not_put_in_service(tmp_path: Path) -> None:
    folder = bundle_of(tmp_path / "b", Bright())
    (folder / "models/model.ts").rename(folder / "models/model.onnx")
    with pytest.raises(UnusableBundle, match="tried on a made-up volume, and it ended with an error"):
        tried_out(folder)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "SPL", "PIR"])
def test_whichever_way_its_axes_lead_the_labels_lie_on_the_voxels_they_came_from(tmp_path: Path, axes: str) -> None:
    bundle = made(tmp_path, Bright(), preprocessing=steps(("Orientation", {"axcodes": axes})))
    assert outlined(bundle).tolist() == (TUMOUR * (VALUES > 100)).tolist()


@pytest.mark.parametrize("window", [[8, 8, 3], [40, 40, 40], [20, 30, 6]])
def test_windows_that_overlap_or_reach_beyond_the_volume_say_the_same_as_one_look(
    tmp_path: Path, window: list[int]
) -> None:
    bundle = made(tmp_path, Bright(), inferer={"_target_": "SlidingWindowInferer", "roi_size": window, "overlap": 0.5})
    assert outlined(bundle).tolist() == (TUMOUR * (VALUES > 100)).tolist()


def test_grey_values_are_scaled_as_the_bundle_says(tmp_path: Path) -> None:
    scale = {"a_min": 0, "a_max": 1000, "b_min": 0, "b_max": 150, "clip": True}
    dimmer = made(tmp_path, Bright(), preprocessing=steps(("ScaleIntensityRange", scale)))
    assert not outlined(dimmer).any(), "500 is 75 of 150"


def test_a_coarser_grid_is_read_and_the_outline_comes_back_on_the_series_own(tmp_path: Path) -> None:
    bundle = made(tmp_path, Bright(), preprocessing=steps(("Spacing", {"pixdim": [3.0, 2.0, 6.0]})))
    found = outlined(bundle)
    assert found.shape == VALUES.shape
    rows, columns = np.nonzero(found.any(0))
    assert (abs(rows.mean() - 6.5), abs(columns.mean() - 5.0)) < (1.0, 1.0)


@pytest.mark.parametrize(
    ("network", "failure"),
    [
        ("NotFinite", Failure.NOT_FINITE),
        ("Smaller", Failure.WRONG_SHAPE),
        ("Raises", Failure.RAISED),
        ("TakesAllMemory", Failure.OUT_OF_MEMORY),
    ],
)
def test_a_network_that_goes_wrong_is_told_by_what_it_did(tmp_path: Path, network: str, failure: Failure) -> None:
    with pytest.raises(BundleFailed) as caught:
        run(made(tmp_path, getattr(small_bundles, network)()), VOLUME)
    assert caught.value.failure is failure


@pytest.mark.parametrize("network", ["OneChannelTooFew", "Smaller", "WholeNumbers"])
def test_an_output_that_is_no_score_for_each_voxel_and_channel_is_refused(tmp_path: Path, network: str) -> None:
    with pytest.raises(BadOutput, match=Failure.WRONG_SHAPE):
        outlined(made(tmp_path, getattr(small_bundles, network)()))


def test_a_network_that_never_ends_is_ended(tmp_path: Path) -> None:
    with pytest.raises(BundleFailed) as caught:
        run(made(tmp_path, Hangs()), VOLUME, seconds=5.0)
    assert caught.value.failure is Failure.TIMED_OUT
    assert not children(CHILD)


def test_a_network_whose_process_crashes_harms_nobody(tmp_path: Path) -> None:
    def crash() -> None:
        wait_until(lambda: bool(children(CHILD)))
        os.kill(children(CHILD)[0].pid, signal.SIGSEGV)

    threading.Thread(target=crash).start()
    with pytest.raises(BundleFailed) as caught:
        run(made(tmp_path, Hangs()), VOLUME)
    assert caught.value.failure is Failure.CRASHED


def test_a_file_that_is_no_network_is_told(tmp_path: Path) -> None:
    bundle = made(tmp_path, Bright())
    (bundle.folder / bundle.network).write_bytes(b"no archive")
    with pytest.raises(BundleFailed) as caught:
        run(bundle, VOLUME)
    assert caught.value.failure is Failure.RAISED
