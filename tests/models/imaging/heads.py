"""Heads without a person: an ellipsoid of brain in a bright rim, alike on both sides, with what a test puts into it."""

import numpy as np

from models.imaging.volume import Volume

BRAIN, RIM, TUMOUR = 300.0, 900.0, 620.0


def head(
    slices: int = 12,
    side: int = 128,
    tumour: tuple[int, int, int] | None = None,
    *,
    centre: tuple[float, float] = (0.0, 0.0),
    degrees: float = 0.0,
) -> Volume:
    """A head with a tumour around (slice, row, column) from the middle of the head, in pixels, moved and turned."""
    z, y, x = (
        np.indices((slices, side, side), dtype=float)
        - np.array([(slices - 1) / 2, side / 2, side / 2])[:, None, None, None]
    )
    turn = np.deg2rad(degrees)
    y, x = y - centre[0], x - centre[1]
    y, x = np.cos(turn) * y - np.sin(turn) * x, np.sin(turn) * y + np.cos(turn) * x
    out = (z / (0.62 * slices)) ** 2 + (y / (0.38 * side)) ** 2 + (x / (0.29 * side)) ** 2
    values = np.where(out < 1, np.where(out < 0.75, BRAIN, RIM), 0.0)
    eyes = np.hypot(y + 0.2 * side, np.abs(x) - 0.11 * side) < 0.05 * side
    values = np.where(eyes & (out < 0.75), 0.4 * BRAIN, values)
    if tumour is not None:
        level, row, column = tumour
        near = np.hypot(z + (slices - 1) / 2 - level, np.hypot(y - row, x - column) / 3) < 2.0
        values = np.where(near & (out < 0.75), TUMOUR, values)
    return Volume(values.astype(np.float32), (6.0, 1.5, 1.5), "MR")
