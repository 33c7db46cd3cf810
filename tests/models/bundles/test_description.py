"""What a bundle says of itself is read to the letter, and what is missing or odd is told in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.bundles import tried_out as tried_out_module
from models.bundles.description import Bundle
from models.bundles.processing import Scale
from models.bundles.tried_out import tried_out
from models.bundles.unusable import UnusableBundle
from tests.models.bundles.small_bundles import Bright, NotFinite, bundle_of

Change = Callable[[dict[str, Any]], Any]


def image(told: dict[str, Any]) -> dict[str, Any]:
    return told["network_data_format"]["inputs"]["image"]


def output(told: dict[str, Any]) -> dict[str, Any]:
    return told["network_data_format"]["outputs"]["pred"]


def why_not(folder: Path) -> str:
    with pytest.raises(UnusableBundle) as caught:
        Bundle.read(folder)
    return str(caught.value)


def test_a_bundle_is_read_as_monai_writes_it(tmp_path: Path) -> None:
    scale = {"_target_": "monai.transforms.ScaleIntensityRanged", "keys": "image", "a_min": -57, "a_max": 164}
    folder = bundle_of(
        tmp_path / "b",
        Bright(),
        preprocessing={
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image"},
                {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
                {"_target_": "Spacingd", "keys": "image", "pixdim": [1.5, 1.5, 2.0]},
                {**scale, "b_min": 0, "b_max": 1, "clip": True},
            ],
        },
        inferer={"_target_": "SlidingWindowInferer", "roi_size": [96, 96, 96], "overlap": 0.5},
        postprocessing={"transforms": [{"_target_": "AsDiscreted", "argmax": True}, {"_target_": "SaveImaged"}]},
    )
    bundle = Bundle.read(folder)
    rules = bundle.processing
    assert (bundle.modality, bundle.body_part, bundle.lesions) == ("MR", "BRAIN", {1: "tumour"})
    assert (rules.spacing_mm, rules.window, rules.overlap) == ((1.5, 1.5, 2.0), (96, 96, 96), 0.5)
    assert rules.scales == (Scale("ScaleIntensityRange", (-57.0, 164.0, 0.0, 1.0), frozenset({"clip"})),)
    assert rules.threshold is None
    assert bundle.fits("MR", "Brain ") and not bundle.fits("CT", "BRAIN") and not bundle.fits("MR", "LIVER")


def test_whatever_changes_what_it_finds_changes_the_version(tmp_path: Path) -> None:
    def later(told: dict[str, Any]) -> None:
        told["version"] = "0.2.0"

    same = [Bundle.read(bundle_of(tmp_path / name, Bright())).version for name in "ab"]
    other = Bundle.read(bundle_of(tmp_path / "c", Bright(), later)).version
    network = Bundle.read(bundle_of(tmp_path / "d", NotFinite())).version
    windows = Bundle.read(bundle_of(tmp_path / "e", Bright(), inferer={"_target_": "SimpleInferer"})).version
    assert len({*same}) == 1 and len({*same, other, network, windows}) == 4


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda told: told.pop("network_data_format"), 'lacks "network_data_format"'),
        (lambda told: told.pop("version"), 'must say "version"'),
        (lambda told: image(told).pop("modality"), "states the modality ''"),
        (lambda told: image(told).update(modality="US"), "states the modality 'US'"),
        (lambda told: image(told).pop("body_part"), "which part of the body"),
        (lambda told: image(told).update(num_channels=4), "several images at once"),
        (lambda told: image(told).update(spatial_shape=[256, 256]), "three lengths"),
        (lambda told: image(told).update(spacing=[1, 1]), "must be 3 numbers"),
        (lambda told: image(told).update(spacing=[1, 1, -1]), "above 0 mm"),
        (lambda told: output(told).update(num_channels=3), "channel_def must name"),
        (lambda told: output(told).update(channel_def={"0": "background", "1": "spleen"}), "outlines lesions"),
        (lambda told: told["network_data_format"]["inputs"].update(second={}), "one input"),
    ],
)
def test_metadata_that_lacks_something_or_is_for_something_else_is_refused(
    tmp_path: Path, change: Change, sentence: str
) -> None:
    assert sentence in why_not(bundle_of(tmp_path / "b", Bright(), change))


@pytest.mark.parametrize(
    ("inference", "sentence"),
    [
        ({"preprocessing": {"transforms": [{"_target_": "RandFlipd"}]}}, "the step RandFlip"),
        ({"preprocessing": {"transforms": ["@load"]}}, "must list its transforms"),
        ({"preprocessing": {"transforms": [{"_target_": "Spacingd", "pixdim": "$@spacing"}]}}, "must be 3 numbers"),
        ({"inferer": {"_target_": "SaliencyInferer"}}, "the inferer SaliencyInferer"),
        ({"inferer": {"_target_": "SlidingWindowInferer", "roi_size": "@roi"}}, "must be 3 numbers"),
    ],
)
def test_a_step_that_is_not_known_is_never_left_out_silently(
    tmp_path: Path, inference: dict[str, Any], sentence: str
) -> None:
    assert sentence in why_not(bundle_of(tmp_path / "b", Bright(), **inference))


def test_metadata_that_is_no_json_or_not_there_is_told(tmp_path: Path) -> None:
    folder = bundle_of(tmp_path / "b", Bright())
    (folder / "configs/metadata.json").write_text("{")
    assert "cannot be read as JSON" in why_not(folder)
    (folder / "configs/metadata.json").unlink()
    assert "is missing" in why_not(folder)


def test_a_pickle_is_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    folder = bundle_of(tmp_path / "b", Bright())
    (folder / "models/model.ts").rename(folder / "models/model.pt")
    assert "export the network as TorchScript" in why_not(folder)
    (folder / "models/model.pt").unlink()
    assert "holds neither models/model.ts" in why_not(folder)


def test_a_network_that_cannot_outline_a_made_up_volume_is_not_put_in_service(tmp_path: Path) -> None:
    assert tried_out(bundle_of(tmp_path / "a", Bright())).name == "bright spots"
    with pytest.raises(UnusableBundle, match=r"tried on a made-up volume, and its output holds values that are no num"):
        tried_out(bundle_of(tmp_path / "b", NotFinite()))


def test_without_the_extra_an_onnx_network_says_which_one_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tried_out_module, "find_spec", lambda name: None)
    folder = bundle_of(tmp_path / "b", Bright())
    (folder / "models/model.ts").rename(folder / "models/model.onnx")
    with pytest.raises(UnusableBundle, match=r"pip install 'scanstream\[onnx\]'"):
        tried_out(folder)


def test_the_bundle_that_comes_along_is_one_and_says_how_good_it_is() -> None:
    folder = Path("models/bundles/brain_tumour")
    said = json.loads((folder / "configs/metadata.json").read_text())
    low, high = said["eval_metrics"]["mean_dice_95"]
    assert Bundle.read(folder).fits("MR", "BRAIN")
    assert low <= said["eval_metrics"]["mean_dice"] <= high
    assert len(said["training_data"]["patient_sha256"]) == 8 and "CC BY" in said["data_source"]
