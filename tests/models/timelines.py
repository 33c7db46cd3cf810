"""Timelines made in one line for tests of the models."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.features import FEATURE_NAMES
from models.forecaster import Forecaster
from models.timepoint import Timepoint

VISIT_DAYS = 42.0


def features_of(**values: float) -> np.ndarray:
    """Feature vector with these values, everything else missing; an unknown name fails."""
    x = np.full(len(FEATURE_NAMES), np.nan)
    for name, value in values.items():
        x[FEATURE_NAMES.index(name)] = value
    return x


def point(
    *, elapsed_days: float = VISIT_DAYS, disease: str = "lung", clinical: Mapping[str, object] | None = None, **x: float
) -> Timepoint:
    """One timepoint with the features given by name."""
    return Timepoint(features_of(**x), elapsed_days, disease, (), clinical or {})


def sizes(*sums_mm: float, gap_days: float = VISIT_DAYS) -> list[Timepoint]:
    """A timeline of sums of diameters at regular visits."""
    return [point(elapsed_days=gap_days * (n > 0), sum_of_diameters=size) for n, size in enumerate(sums_mm)]


def mr(*volumes_ml: float) -> list[Timepoint]:
    """A breast timeline of tumour volumes."""
    return [point(elapsed_days=40.0 * (n > 0), disease="breast", volume=v) for n, v in enumerate(volumes_ml)]


def risks(forecaster: Forecaster, timeline: Sequence[Timepoint]) -> np.ndarray:
    """Risks (visits, endpoints) of one timeline, stepped visit by visit."""
    state, found = forecaster.initial(1), []
    for timepoint in timeline:
        state, [made] = forecaster.advance(state, [timepoint])
        found.append([each.risk for each in made])
    return np.array(found)
