"""A scan placed on its patient's timeline, as the models see it: features, elapsed days and what was known that day."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class TreatmentInForce:
    """A treatment as known at the scan: started at or before it, its end known only from that day on."""

    name: str
    kind: str
    days_since_start: float
    days_since_end: float | None


class LesionOutline(NamedTuple):
    """A lesion as it was outlined: `inside` (Z, Y, X) bool on a cube around its middle, nothing where it is gone."""

    lesion_uid: str
    inside: np.ndarray


@dataclass(frozen=True)
class Timepoint:
    """`x`: (F,) float64 in the order of FEATURE_NAMES, NaN = missing.

    `elapsed_days` counts from the timepoint that this model stepped on before; 0.0 at the first. `lesions`: those that
    were outlined, by lesion_uid; only models that see outlines are told.
    """

    x: np.ndarray
    elapsed_days: float
    disease: str
    treatments: tuple[TreatmentInForce, ...]
    clinical: Mapping[str, object]
    lesions: tuple[LesionOutline, ...] = ()
