"""What a growth map must beat: the last outline as it is, and moved evenly outwards or inwards."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from models.growth.cohort import GrowthPatient
from models.growth.maps import dice_by_cut, radius_mm, signed_distance, volume_ml

RADII_MM = np.arange(-4.0, 10.01, 0.25)
RATES_MM = np.arange(-0.05, 0.151, 0.005)
"""Candidates for the best radius (mm) and the best rate (mm/day)."""


class Dilation(NamedTuple):
    """Of all patients: the radius (mm) and the rate (mm/day) that overlap best with the next outline."""

    radius_mm: float
    rate_mm: float

    @classmethod
    def of(cls, patients: Sequence[GrowthPatient]) -> "Dilation":
        """Both chosen by the mean Dice of all visits but the last of `patients`."""
        radii, rates = np.zeros(len(RADII_MM)), np.zeros(len(RATES_MM))
        for patient in patients:
            for before, after in pairwise(patient.visits):
                distance, days = signed_distance(before.inside), after.day - before.day
                radii += dice_by_cut(distance, RADII_MM, after.inside)
                rates += dice_by_cut(distance, RATES_MM * days, after.inside)
        return cls(float(RADII_MM[radii.argmax()]), float(RATES_MM[rates.argmax()]))


def outlines(patient: GrowthPatient, visit: int, dilation: Dilation) -> dict[str, np.ndarray]:
    """The next outline (Z, Y, X) after `visit`, counted from 0, by each baseline's name."""
    distance = signed_distance(patient.visits[visit].inside)
    days = patient.visits[visit + 1].day - patient.visits[visit].day
    return {
        NO_CHANGE: distance < 0,
        RADIUS: distance < dilation.radius_mm,
        RATE: distance < dilation.rate_mm * days,
        OWN_RATE: distance < own_rate_mm(patient, visit) * days,
    }


def own_rate_mm(patient: GrowthPatient, visit: int) -> float:
    """How fast (mm/day) the radius of the ball of the lesion's volume grew since the visit before; 0 at the first."""
    if visit == 0:
        return 0.0
    before, now = patient.visits[visit - 1], patient.visits[visit]
    return (radius_mm(volume_ml(now.inside)) - radius_mm(volume_ml(before.inside))) / (now.day - before.day)


NO_CHANGE = "no change"
RADIUS = "dilation by the best radius"
RATE = "dilation at the best rate"
OWN_RATE = "dilation at the patient's own last rate"
