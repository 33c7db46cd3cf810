"""What a bundle does before and after its network (configs/inference.json, as MONAI writes it), read and never run.

Only steps that are known here are taken; one that is not, and might change what the network sees, makes it unusable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.bundles.unusable import UnusableBundle, numbers_of

HARMLESS = {
    "LoadImage",
    "EnsureChannelFirst",
    "EnsureType",
    "ToTensor",
    "CastToType",
    "ToDevice",
    "Invert",
    "SaveImage",
    "CopyItems",
    "DeleteItems",
}
"""Steps that reading, resampling back and keeping take the place of."""
SCALES = {
    "ScaleIntensityRange": ("a_min", "a_max", "b_min", "b_max"),
    "ScaleIntensityRangePercentiles": ("lower", "upper", "b_min", "b_max"),
    "ScaleIntensity": ("minv", "maxv"),
    "NormalizeIntensity": (),
}
"""Steps that change grey values, with the numbers they need."""
FLAGS = ("clip", "nonzero")


@dataclass(frozen=True)
class Scale:
    """One change of grey values, by MONAI's name for it, its numbers and the flags that are set."""

    kind: str
    numbers: tuple[float, ...]
    flags: frozenset[str]


@dataclass(frozen=True)
class Processing:
    """Lengths along x, y and z of the bundle's own axes, which `axes` names by where each leads.

    `spacing_mm`: of the grid that it wants, None for that of the series. `window`: voxels that are looked at in one
    piece, None for all. `overlap`: share that neighbouring windows have in common. `threshold`: of a probability where
    each channel is its own yes or no; None where the largest channel counts. `smallest_voxels`: what has fewer is left
    out.
    """

    axes: str = "RAS"
    spacing_mm: tuple[float, float, float] | None = None
    scales: tuple[Scale, ...] = ()
    window: tuple[int, int, int] | None = None
    overlap: float = 0.25
    threshold: float | None = None
    smallest_voxels: int = 1


def processing_of(image: Mapping[str, Any], inference: Mapping[str, Any], channels: int) -> Processing:
    """From metadata of the `image` and inference.json, if there is one; raises UnusableBundle."""
    _check_image(image)
    before, after = (_steps(inference, name) for name in ("preprocessing", "postprocessing"))
    known = HARMLESS | SCALES.keys() | {"Orientation", "Spacing"}
    _check_known(before, known)
    _check_known(after, HARMLESS | {"Activations", "AsDiscrete", "RemoveSmallObjects"})
    window, overlap = _window(inference.get("inferer"))
    return Processing(
        axes=_axes(dict(before)),
        spacing_mm=_spacing(image, dict(before)),
        scales=tuple(_scale(kind, step) for kind, step in before if kind in SCALES),
        window=window,
        overlap=overlap,
        threshold=_threshold(dict(after), channels),
        smallest_voxels=int(dict(after).get("RemoveSmallObjects", {}).get("min_size", 1)),
    )


def _check_image(image: Mapping[str, Any]) -> None:
    numbers_of([image.get("num_channels")], 1, "num_channels of the input")
    if image["num_channels"] != 1:
        raise UnusableBundle("The network wants several images at once; one series is measured at a time.")
    shape = image.get("spatial_shape")
    if not isinstance(shape, list) or len(shape) != 3:
        raise UnusableBundle("spatial_shape of the input must have three lengths: volumes are measured, not slices.")


def _steps(inference: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The transforms of one part with their names, without MONAI's `d` for dictionaries."""
    part = inference.get(name) or {}
    listed = part.get("transforms", []) if isinstance(part, dict) else part
    if not isinstance(listed, list) or not all(isinstance(each, dict) and "_target_" in each for each in listed):
        raise UnusableBundle(f'"{name}" of inference.json must list its transforms, each with a _target_.')
    return [(str(each["_target_"]).rpartition(".")[2].removesuffix("d"), each) for each in listed]


def _check_known(steps: Sequence[tuple[str, Any]], known: set[str]) -> None:
    if strange := [kind for kind, _ in steps if kind not in known]:
        raise UnusableBundle(f"inference.json has the step {strange[0]}, which is not taken here.")


def _axes(steps: Mapping[str, Mapping[str, Any]]) -> str:
    axes = str(steps.get("Orientation", {}).get("axcodes", "RAS"))
    lines = [next((line for line in ("LR", "AP", "IS") if letter in line), "") for letter in axes]
    if sorted(lines) != ["AP", "IS", "LR"]:
        raise UnusableBundle(f"The axes of Orientation must be named like RAS; they are {axes!r}.")
    return axes


def _spacing(image: Mapping[str, Any], steps: Mapping[str, Mapping[str, Any]]) -> tuple[float, float, float] | None:
    """Stated in metadata.json, or by the step Spacing; both must say the same."""
    stated = [image[key] for key in ("spacing",) if image.get(key)]
    stated += [steps["Spacing"].get("pixdim")] if "Spacing" in steps else []
    if not stated:
        return None
    spacings = {numbers_of(each, 3, "The spacing") for each in stated}
    x, y, z = spacings.pop()
    if spacings or min(x, y, z) <= 0:
        raise UnusableBundle("metadata.json and inference.json must state one spacing, above 0 mm.")
    return x, y, z


def _scale(kind: str, step: Mapping[str, Any]) -> Scale:
    usual = {"minv": 0.0, "maxv": 1.0}
    values = [step.get(name, usual.get(name)) for name in SCALES[kind]]
    strange = {"subtrahend", "divisor", "factor", "relative"} & {name for name, value in step.items() if value}
    if strange:
        raise UnusableBundle(f"{kind} of inference.json has {strange.pop()}, which is not taken here.")
    flags = frozenset(name for name in FLAGS if step.get(name) is True)
    return Scale(kind, numbers_of(values, len(values), f"What {kind} scales by") if values else (), flags)


def _window(inferer: Any) -> tuple[tuple[int, int, int] | None, float]:
    if inferer is None:
        return None, 0.0
    kind = str(inferer.get("_target_", "")).rpartition(".")[2] if isinstance(inferer, dict) else ""
    if kind == "SimpleInferer":
        return None, 0.0
    if kind != "SlidingWindowInferer":
        raise UnusableBundle(f"inference.json has the inferer {kind or inferer}, which is not known here.")
    x, y, z = numbers_of(inferer.get("roi_size"), 3, "roi_size of the inferer")
    (overlap,) = numbers_of([inferer.get("overlap", 0.25)], 1, "overlap of the inferer")
    if min(x, y, z) < 1 or not 0 <= overlap < 1:
        raise UnusableBundle("The inferer's roi_size must be above 0, and its overlap below 1.")
    return (int(x), int(y), int(z)), overlap


def _threshold(steps: Mapping[str, Mapping[str, Any]], channels: int) -> float | None:
    """The largest channel counts, unless the bundle says otherwise, or there is only one."""
    discrete = steps.get("AsDiscrete", {})
    if channels > 1 and not steps.get("Activations", {}).get("sigmoid") and discrete.get("threshold") is None:
        return None
    (threshold,) = numbers_of([discrete.get("threshold", 0.5)], 1, "threshold of AsDiscrete")
    return threshold
