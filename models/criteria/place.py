"""Where lesions lie, and how frames of reference lie to each other: what says whether two places are one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class LesionPlace(NamedTuple):
    """Where a lesion lies: its centre (x, y, z), mm, in a frame of reference, which a pseudonym stands for."""

    frame: str
    centre_mm: tuple[float, float, float]


class Registration(NamedTuple):
    """`matrix`: the 16 values, row by row, of the rigid transformation from coordinates in one frame to the other's."""

    source: str
    target: str
    matrix: tuple[float, ...]


@dataclass(frozen=True)
class Frames:
    """What is known of frames of reference so far: from one to another the matrix of 4 x 4 that leads there."""

    to: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict, compare=False)

    def after(self, registrations: Collection[Registration]) -> "Frames":
        """With more of them; a later registration of the same two frames stands."""
        if not registrations:
            return self
        to = {source: dict(targets) for source, targets in self.to.items()}
        for each in registrations:
            matrix = np.array(each.matrix).reshape(4, 4)
            to.setdefault(each.source, {})[each.target] = matrix
            to.setdefault(each.target, {})[each.source] = np.linalg.inv(matrix)
        return Frames(to)

    def seen_in(self, place: LesionPlace, frame: str) -> LesionPlace | None:
        """The same place in another frame, by as few registrations as it takes; None where none lead there."""
        reached = {place.frame: np.eye(4)}
        new = [place.frame]
        while new and frame not in reached:
            steps = [(near, matrix @ reached[one]) for one in new for near, matrix in self.to.get(one, {}).items()]
            new = list(dict.fromkeys(near for near, _ in steps if near not in reached))
            reached = dict(reversed(steps)) | reached
        if frame not in reached:
            return None
        x, y, z, _ = reached[frame] @ np.array([*place.centre_mm, 1.0])
        return LesionPlace(frame, (float(x), float(y), float(z)))
