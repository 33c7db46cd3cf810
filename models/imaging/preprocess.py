"""From a volume to what a network reads: grey values that mean the same everywhere, on a grid of one size.

Training and serving call the same functions, so that a network never meets slices made in another way.
"""

import math

import numpy as np

from models.imaging.placement import HeadPlacement, head_of, weights
from models.imaging.volume import Volume

WINDOW_HU = (-160.0, 240.0)
"""Soft tissue, as radiologists set it (level 40, width 400): air, fat, muscle, liver and contrast differ inside it."""
HIGHEST_SUV = 10.0
"""Liver is about 2, most tumours below 10: what is hotter (bladder, brain) is cut off."""
BRIGHTEST = 4.0
"""In MR beside the median of the head: fat lies near 3, enhancing tumour near 2."""
AT_A_TIME = 8
"""Places of a coarser grid that are read together: a processor multiplies them at once, and few read far around."""
PIXELS = 96
"""Side S of the pictures that the slice classifier reads."""


def resampled(volume: Volume, shape: tuple[int, int, int]) -> Volume:
    """`volume` on a grid of `shape` that covers the same box, antialiased: what is coarser is averaged over."""
    values = np.ascontiguousarray(volume.values, np.float32)
    for axis in (0, 1, 2):  # whole slices are added first, and everything after them is smaller
        values = _along(values, axis, shape[axis])
    spacing = tuple(
        apart * before / after
        for apart, before, after in zip(volume.spacing_mm, volume.values.shape, shape, strict=True)
    )
    return Volume(values, (spacing[0], spacing[1], spacing[2]), volume.modality)


def normalised(values: np.ndarray, modality: str) -> np.ndarray:
    """Grey values (…) float32 from 0 to 1 that mean the same on every scanner; raises ValueError for other modalities.

    CT: the window of soft tissue. PET: SUV up to HIGHEST_SUV. MR, which has no unit: beside the median of the head up
    to BRIGHTEST, so that neither air nor the size of the field of view moves the scale.
    """
    if modality == "CT":
        low, high = WINDOW_HU
    elif modality == "PT":
        low, high = 0.0, HIGHEST_SUV
    elif modality == "MR":
        low, high = 0.0, BRIGHTEST * _head_median(values)
    else:
        raise ValueError(f"There is no rule for the grey values of modality {modality!r}; there is one for CT, MR, PT.")
    shares: np.ndarray = np.clip((values.astype(np.float32) - low) / (high - low), 0.0, 1.0)
    return shares


def slice_stack(volume: Volume) -> np.ndarray:
    """The pictures (D, 1, S, S) float32 of a head series: normalised, the head upright in the middle, S = PIXELS."""
    return placed(volume, normalised(volume.values, volume.modality))[:, None]


def placed(volume: Volume, values: np.ndarray) -> np.ndarray:
    """`values` (D, H, W), one for each voxel of `volume`, cut out as its head lies: (D, S, S) float32."""
    _, row_mm, column_mm = volume.spacing_mm
    return HeadPlacement.of(volume, PIXELS).cut(values, (row_mm, column_mm))


def _head_median(values: np.ndarray) -> float:
    head = values[head_of(values)]
    return float(np.median(head)) if len(head) else 1.0


def _along(values: np.ndarray, axis: int, many: int) -> np.ndarray:
    """`values` (…) with `many` places along `axis`; a few at a time, which read only what lies around them."""
    size, before, after = values.shape[axis], values.shape[:axis], values.shape[axis + 1 :]
    step = size / many
    places = (np.arange(many) + 0.5) * step - 0.5
    taps = weights(np.clip(places, 0, size - 1), size, step)
    taps /= taps.sum(1, keepdims=True)  # at the ends the edge goes on
    given = values.reshape(math.prod(before), size, math.prod(after))
    made = np.empty((len(given), many, given.shape[2]), np.float32)
    for start in range(0, many, AT_A_TIME):
        rows = taps[start : start + AT_A_TIME]
        read = np.flatnonzero(rows.any(0))
        around = slice(read[0], read[-1] + 1)
        np.matmul(rows[:, around], given[:, around], out=made[:, start : start + AT_A_TIME])
    return made.reshape(*before, many, *after)
