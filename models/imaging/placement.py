"""Where the head lies in a series, and the square upright picture of each slice that is cut out around it.

Both halves of a brain look much alike, a tumour seldom has a twin: a network compares them best when the head stands
upright in the middle. The turn and the shift are those under which the whole head looks most like its mirror image.
"""

from typing import NamedTuple, Self

import numpy as np
from scipy.ndimage import affine_transform

from models.imaging.volume import Volume

AIR_SHARE = 0.1
"""Of the 99th percentile of all voxels: what is darker is air (of MR: also bone, of which nothing depends here)."""
FAINTEST_SHARE = 0.05
"""Of the fullest row or column: one with less is ghosting or noise beside the head."""
MARGIN = 1.06
"""Side of the picture beside the longer side of the head."""
STEEPEST_DEGREES, STEP_DEGREES = 20.0, 2.0


class HeadPlacement(NamedTuple):
    """A square of `side_mm` around `centre_mm` (row, column), turned by `degrees`, as `pixels` × `pixels`."""

    centre_mm: tuple[float, float]
    side_mm: float
    degrees: float
    pixels: int

    @classmethod
    def of(cls, volume: Volume, pixels: int) -> Self:
        """The placement of the head in `volume`; the whole slice where there is nothing but air."""
        _, row_mm, column_mm = volume.spacing_mm
        head = head_of(volume.values)
        rows, columns = (_reach(head.sum(axis)) for axis in ((0, 2), (0, 1)))
        low, high = np.array([rows[0], columns[0]]), np.array([rows[-1], columns[-1]])
        centre_mm = (low + high) / 2 * (row_mm, column_mm)
        side_mm = float(((high - low + 1) * (row_mm, column_mm)).max()) * MARGIN
        straight = cls((float(centre_mm[0]), float(centre_mm[1])), side_mm, 0.0, pixels)
        return straight._upright(straight.cut(volume.values, (row_mm, column_mm)).mean(0))

    def cut(self, values: np.ndarray, spacing_mm: tuple[float, float]) -> np.ndarray:
        """The pictures (D, S, S) float32 of slices `values` (D, H, W) with rows and columns `spacing_mm` apart."""
        step_mm, taps = self.side_mm / self.pixels, []
        for size, apart_mm, at_mm in zip(values.shape[1:], spacing_mm, self.centre_mm, strict=True):
            places = at_mm + (np.arange(self.pixels) - (self.pixels - 1) / 2) * step_mm
            taps.append(weights(places / apart_mm, size, step_mm / apart_mm))
        pictures = taps[0] @ np.ascontiguousarray(values, np.float32) @ taps[1].T
        return pictures if self.degrees == 0 else turned(pictures, self.degrees)

    def _upright(self, picture: np.ndarray) -> Self:
        """Turned and moved sideways so that `picture` (S, S), the head as it lies, is most like its mirror image."""
        angles = np.arange(-STEEPEST_DEGREES, STEEPEST_DEGREES + STEP_DEGREES, STEP_DEGREES)
        found = [_likeness(turned(picture[None], degrees)[0]) for degrees in angles]
        best = max(range(len(angles)), key=lambda n: (found[n][0], -abs(angles[n])))
        step_mm, turn = self.side_mm / self.pixels, np.deg2rad(angles[best])
        sideways = found[best][1] * step_mm * np.array([np.sin(turn), np.cos(turn)])
        centre = np.array(self.centre_mm) + sideways
        return self._replace(centre_mm=(float(centre[0]), float(centre[1])), degrees=float(angles[best]))


def head_of(values: np.ndarray) -> np.ndarray:
    """Voxels (D, H, W) bool brighter than air; `values` must have air at 0 or near it."""
    bright = float(np.percentile(values, 99))
    inside: np.ndarray = values > AIR_SHARE * bright
    return inside


def weights(places: np.ndarray, size: int, width: float) -> np.ndarray:
    """Weights (M, size) float32 that read `size` samples at `places` (M,) by a triangle `width` samples wide, or 1.

    The wider triangle of a coarser grid is what keeps fine detail from coming back as a false pattern (antialiasing).
    Beyond the ends there is nothing: weights sum to 1 inside and to 0 far outside.
    """
    width = max(width, 1.0)
    taps = np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(size)) / width)
    whole = np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(-np.ceil(width), size + np.ceil(width))) / width)
    shares: np.ndarray = taps / np.maximum(whole.sum(1, keepdims=True), 1e-9)
    return shares.astype(np.float32)


def turned(pictures: np.ndarray, degrees: float) -> np.ndarray:
    """`pictures` (D, S, S) turned about their middle, linear between pixels, 0 outside."""
    turn, middle = np.deg2rad(degrees), (pictures.shape[1] - 1) / 2
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    offset = middle - matrix @ (middle, middle)
    return np.stack([affine_transform(each, matrix, offset, order=1) for each in pictures])


def _reach(head: np.ndarray) -> np.ndarray:
    """Indices of the rows or columns in which there is more of the `head` (voxels in each) than ghosts and noise."""
    return np.flatnonzero(head >= FAINTEST_SHARE * head.max())


def _likeness(picture: np.ndarray) -> tuple[float, float]:
    """How like its mirror image `picture` (S, S) is at best, and the pixels its axis lies right of the middle then."""
    mirror = np.fft.fft(picture[:, ::-1], axis=1)
    overlap = np.fft.ifft(np.fft.fft(picture, axis=1) * mirror.conj(), axis=1).real.sum(0)
    best = int(np.argmax(overlap))
    shift = best - len(overlap) if best > len(overlap) / 2 else best
    return float(overlap[best] / max(np.square(picture).sum(), 1e-9)), shift / 2
