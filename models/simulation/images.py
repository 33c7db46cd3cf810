"""What CT shows of a simulated lesion: the higher its grade, the more uneven and the denser it looks.

Made up, so that a model can be shown to use an image where one tells more than sizes do; no lesion looks like this.
"""

import math

import numpy as np

from models.features import IMAGE_NAMES
from models.image import VOXEL_MM, Patch, embedding
from models.simulation.deaths import grade_of
from models.simulation.patients import IMAGE, SEED, SimulatedPatient, SimulatedVisit

OUTLINED = 0.8  # share of the visits
WIDTH = 12  # voxels of a patch
DENSITY_HU, GREY_HU = 40.0, 30.0  # of the most malignant tissue over the least; the spread within a lesion


def image_features(patient: SimulatedPatient, visit: SimulatedVisit, seed: int = SEED) -> dict[str, float]:
    """IMAGE_NAMES of a patient's first lesion at a visit; none where it is gone or was not outlined."""
    random = np.random.default_rng([seed, patient.number, IMAGE, patient.visits.index(visit)])
    if random.random() >= OUTLINED or not visit.sizes_mm[0]:
        return {}
    return dict(zip(IMAGE_NAMES, embedding(patch(grade_of(patient, seed), random)).tolist(), strict=True))


def patch(grade: float, random: np.random.Generator) -> Patch:
    """A ball of tissue of a grade (standard deviations): (WIDTH, WIDTH, WIDTH) voxels of 2 mm, CT numbers."""
    uneven = 1 / (1 + math.exp(-grade))
    grain, cloud = (random.normal(size=(WIDTH,) * 3) for _ in range(2))
    grey = uneven * grain + (1 - uneven) * _smooth(cloud)
    axes = np.indices(grey.shape) - (WIDTH - 1) / 2
    inside = np.square(axes).sum(0) <= (WIDTH / 2) ** 2
    return Patch(DENSITY_HU * uneven + GREY_HU * grey, inside, (VOXEL_MM,) * 3, hounsfield=True)


def _smooth(field: np.ndarray) -> np.ndarray:
    """A field without its finest detail, as uneven as before."""
    for axis in range(field.ndim):
        field = (np.roll(field, 1, axis) + 2 * field + np.roll(field, -1, axis)) / math.sqrt(6)
    return field
