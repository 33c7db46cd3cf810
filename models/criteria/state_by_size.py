"""What became of a lesion, by the sizes that are stated of it."""

from collections.abc import Collection, Mapping

from models.criteria.finding import LesionState

SIZES = ("longest_diameter", "short_axis", "volume")
"""The measurements that are sizes of a lesion."""


def state_by_size(node: bool, sizes: Mapping[str, float], too_small: Collection[str] = ()) -> LesionState | None:
    """`sizes` by measurement; `too_small`: those said to be too small to measure. None where nothing tells.

    The diameter that counts decides, of a node its short axis; only where it is not stated the others do.
    """
    counting = "short_axis" if node else "longest_diameter"
    stated = [sizes[counting]] if counting in sizes else [sizes[name] for name in SIZES if name in sizes]
    if counting not in sizes and (counting in too_small or (too_small and not stated)):
        return LesionState.TOO_SMALL
    if not stated:
        return None
    return LesionState.MEASURED if any(size > 0 for size in stated) else LesionState.GONE
