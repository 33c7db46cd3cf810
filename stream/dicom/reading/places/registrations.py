"""How frames of reference lie to each other, as a registration object states it (PS3.3 C.20.2), rigid ones only."""

from collections.abc import Iterator

import numpy as np
from pydicom import Dataset

from models.criteria.place import Registration
from stream.dicom.reading.lesions import LesionNames

_ROUNDED = 1e-3
"""To which a matrix must keep lengths: coefficients come rounded to a few decimals."""


def registrations_of(dataset: Dataset, names: LesionNames) -> Iterator[Registration]:
    """Those of one object, from each frame of reference to its own, in mm; what is not rigid, or no matrix, is none."""
    own = str(dataset.get("FrameOfReferenceUID") or "")
    for item in dataset.get("RegistrationSequence") or []:
        frame, matrix = str(item.get("FrameOfReferenceUID") or ""), _matrix(item)
        if own and frame and frame != own and matrix is not None:
            yield Registration(names.frame(frame), names.frame(own), tuple(float(value) for value in matrix.ravel()))


def _matrix(item: Dataset) -> np.ndarray | None:
    """Of several, one after the other (4, 4)."""
    whole = np.eye(4)
    steps = [step for one in item.get("MatrixRegistrationSequence") or [] for step in one.get("MatrixSequence") or []]
    for step in steps:
        values = np.array(step.get("FrameOfReferenceTransformationMatrix") or [], dtype=float)
        if values.size != 16 or not _is_rigid(values.reshape(4, 4)):
            return None
        whole = values.reshape(4, 4) @ whole
    return whole if steps else None


def _is_rigid(matrix: np.ndarray) -> bool:
    turn = matrix[:3, :3]
    return bool(np.isfinite(matrix).all() and np.abs(turn @ turn.T - np.eye(3)).max() <= _ROUNDED)
