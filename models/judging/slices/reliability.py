"""Whether the probabilities of slices and of runs of slices mean what they say, on patients that were left out.

Of whole series it cannot be known: all at hand show a tumour, so that only a probability of 1 would be right.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from models.judging.slices.figures import RUN, SEED, SlicePredictions, joined, patients, run_patients
from models.statistics.calibration import (
    RiskGroup,
    calibration_curve,
    calibration_intercept,
    calibration_slope,
    observed_over_expected,
)
from models.statistics.metrics import Estimate, brier, estimate, known, over_patients

MEASURES = {
    "Brier score": brier,
    "observed over expected": observed_over_expected,
    "calibration slope": calibration_slope,
    "calibration intercept": calibration_intercept,
}


class Reliability(NamedTuple):
    """Tenths of what was said beside what is so, lowest first, and `measures` by name, with intervals over patients."""

    groups: list[RiskGroup]
    measures: dict[str, Estimate]


def reliability(said: Sequence[SlicePredictions]) -> dict[str, Reliability]:
    """Of what was said of slices and of runs of slices."""
    return {
        "slices": reliability_of(joined(said, "slices"), joined(said, "shows"), patients(said)),
        f"runs of {RUN} slices": reliability_of(joined(said, "runs"), joined(said, "run_shows"), run_patients(said)),
    }


def reliability_of(risk: np.ndarray, shows: np.ndarray, patient: np.ndarray) -> Reliability:
    """Of probabilities `risk` (R,), what is so, `shows` (R,), and the patient (R,) of each."""

    def of(count: np.ndarray) -> np.ndarray:
        return np.array([measure(risk, known(shows, count)) for measure in MEASURES.values()])

    values = over_patients(patient, of, SEED)
    groups = calibration_curve(patient, risk, known(shows, np.ones(len(risk))), SEED)
    return Reliability(groups, {name: estimate(values[:, n]) for n, name in enumerate(MEASURES)})
