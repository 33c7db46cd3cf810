"""From a volume to the labels of its voxels by a bundle's network, as the bundle says; runs in the child."""

from collections.abc import Callable, Iterator
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from models.bundles.description import Bundle
from models.bundles.processing import Scale
from models.imaging.volume import Volume

Network = Callable[[Tensor], Tensor]
"""From grey values (1, 1, X, Y, Z) to scores (1, C, X, Y, Z)."""

MOST_VOXELS = 2**27
"""Of the grid that a bundle wants: half a gigabyte for each channel."""
BODY = "SPL"
"""Where the axes of an axial volume lead: slices up, rows to the back, columns to the patient's left."""


class BadOutput(Exception):
    """What a network gave cannot be used: a code for machines; runner.py has the sentences."""


def labels(bundle: Bundle, network: Network, volume: Volume) -> Tensor:
    """The channel (D, H, W) uint8 that each voxel of an axial `volume` belongs to, 0 for none that is a lesion.

    Raises BadOutput: wrong_shape, not_finite, too_fine.
    """
    rules = bundle.processing
    values = torch.from_numpy(volume.values)
    turned = _turned(values, BODY, rules.axes)
    spacing_mm = _sizes(volume.spacing_mm, rules.axes)
    shape = turned.shape
    if rules.spacing_mm:
        shape = torch.Size(
            max(1, round(many * apart / wanted))
            for many, apart, wanted in zip(turned.shape, spacing_mm, rules.spacing_mm, strict=True)
        )
    if shape.numel() > MOST_VOXELS:
        raise BadOutput("too_fine")
    read = _resized(turned[None, None], shape)
    for scale in rules.scales:
        read = _scaled(read, scale)
    scores = _resized(_scores(bundle, network, read), turned.shape)[0]
    return _turned(_lesions(bundle, scores), rules.axes, BODY).contiguous()


def _turned(values: Tensor, before: str, after: str) -> Tensor:
    """The same voxels (three axes) with axes that lead elsewhere, such as from SPL to RAS."""
    order = [next(axis for axis, letter in enumerate(before) if _line(letter) == _line(wanted)) for wanted in after]
    flips = [place for place, axis in enumerate(order) if before[axis] != after[place]]
    return values.permute(order).flip(flips)


def _line(letter: str) -> int:
    return next(number for number, line in enumerate(("LR", "AP", "IS")) if letter in line)


def _sizes(spacing_mm: tuple[float, float, float], axes: str) -> list[float]:
    """Spacing of an axial volume along a bundle's axes."""
    by_line = {_line(letter): size for letter, size in zip(BODY, spacing_mm, strict=True)}
    return [by_line[_line(letter)] for letter in axes]


def _resized(values: Tensor, shape: torch.Size) -> Tensor:
    """Values (1, C, X, Y, Z) between the voxels' centres, on a grid over the same box."""
    if values.shape[2:] == shape:
        return values
    return interpolate(values, size=list(shape), mode="trilinear", align_corners=False)


def _scaled(values: Tensor, scale: Scale) -> Tensor:
    if scale.kind == "NormalizeIntensity":
        counted = values[values != 0] if "nonzero" in scale.flags else values
        spread = counted.std(correction=0) if counted.numel() else values.new_tensor(0.0)
        normal = (values - counted.mean()) / spread if spread > 0 else values
        return torch.where(values != 0, normal, values) if "nonzero" in scale.flags else normal
    if scale.kind == "ScaleIntensity":
        low, high, (b_min, b_max) = float(values.min()), float(values.max()), scale.numbers
    elif scale.kind == "ScaleIntensityRangePercentiles":
        lower, upper, b_min, b_max = scale.numbers
        low, high = _percentile(values, lower), _percentile(values, upper)
    else:
        low, high, b_min, b_max = scale.numbers
    scaled = (values - low) / (high - low) * (b_max - b_min) + b_min if high > low else values - low + b_min
    return scaled.clamp(b_min, b_max) if "clip" in scale.flags else scaled


def _percentile(values: Tensor, percent: float) -> float:
    ordered = values.flatten().sort().values
    return float(ordered[round(percent / 100 * (ordered.numel() - 1))])


def _scores(bundle: Bundle, network: Network, values: Tensor) -> Tensor:
    """The network's output (1, C, X, Y, Z), window by window; where windows overlap, their mean."""
    window = bundle.processing.window or values.shape[2:]
    missing = [max(0, wide - many) for wide, many in zip(window, values.shape[2:], strict=True)]
    sides = [side for many in reversed(missing) for side in (many // 2, many - many // 2)]
    padded = pad(values, sides)
    total = padded.new_zeros((1, bundle.channels, *padded.shape[2:]))
    times = padded.new_zeros(padded.shape)
    for place in _windows(padded.shape[2:], window, bundle.processing.overlap):
        total[:, :, *place] += _checked(network(padded[:, :, *place].contiguous()), bundle.channels, window)
        times[:, :, *place] += 1
    total /= times
    inner = [slice(many // 2, many // 2 + kept) for many, kept in zip(missing, values.shape[2:], strict=True)]
    return total[:, :, *inner]


def _windows(shape: torch.Size, window: tuple[int, ...] | torch.Size, overlap: float) -> Iterator[list[slice]]:
    """Places that cover a shape; the last along each axis ends where it ends."""
    starts = []
    for many, wide in zip(shape, window, strict=True):
        step = max(1, int(wide * (1 - overlap)))
        starts.append(sorted({min(start, many - wide) for start in range(0, many - wide + step, step)}))
    for corner in product(*starts):
        yield [slice(start, start + wide) for start, wide in zip(corner, window, strict=True)]


def _checked(scores: Tensor, channels: int, window: tuple[int, ...] | torch.Size) -> Tensor:
    if not isinstance(scores, Tensor) or scores.shape != (1, channels, *window) or not scores.is_floating_point():
        raise BadOutput("wrong_shape")
    if not bool(torch.isfinite(scores).all()):
        raise BadOutput("not_finite")
    return scores.float()


def _lesions(bundle: Bundle, scores: Tensor) -> Tensor:
    """Scores (C, X, Y, Z) to the channel of each voxel (X, Y, Z) uint8, 0 for what is in no lesion.

    A channel is stored as its number + 1, so that the first can be one too.
    """
    threshold = bundle.processing.threshold
    best = scores.argmax(dim=0) if threshold is None else _likeliest(bundle, scores.sigmoid(), threshold)
    found = torch.zeros(best.shape, dtype=torch.uint8)
    for channel in bundle.lesions:
        found[best == channel] = channel + 1
    return found


def _likeliest(bundle: Bundle, probabilities: Tensor, threshold: float) -> Tensor:
    """Of the lesions' channels above the threshold the likeliest; -1 where there is none."""
    channels = sorted(bundle.lesions)
    most, which = probabilities[channels].max(dim=0)
    return torch.where(most > threshold, torch.tensor(channels)[which], -1)
