"""Series of CT, MR and PET that a simulated patient has: a lesion in noisy tissue, whose look tells its grade.

Made up, so that a network can be shown to read pixels where they tell more than sizes do: a worse tumour has a larger
dead middle (darker), a brighter rim, and takes up more tracer. No scanner makes such images and no lesion looks so.
"""

import math
from typing import NamedTuple

import numpy as np

from models.features import MODALITIES
from models.imaging.volume import Volume
from models.simulation.deaths import grade_of
from models.simulation.patients import SEED, SERIES, SimulatedPatient, SimulatedVisit

SHAPE, SPACING_MM = (20, 56, 56), (8.0, 3.0, 3.0)
HAD = {"CT": 0.8, "MR": 0.5, "PT": 0.5}
"""Share of the patients that are scanned by a modality at all."""
MADE = 0.8
"""Share of their visits at which it is done."""
AIR_HU, FAT_HU, TISSUE_HU, DEAD_HU, RIM_HU = -1000.0, -90.0, 45.0, -10.0, 110.0
NOISE_HU, NOISE_MR, NOISE_SUV = 18.0, 0.12, 0.25  # of a voxel
BACKGROUND_SUV, HOTTEST_SUV = 1.0, 4.0  # of tissue; of a lesion of middling grade
BLUR_VOXELS = 1
FAT, EDGE_MM = 0.85, 4.0  # how deep in the body it ends; over which a voxel holds both lesion and tissue


def modalities_at(patient: SimulatedPatient, visit: SimulatedVisit, seed: int = SEED) -> list[str]:
    """The modalities (CT, MR, PT) of which a patient has a series at a visit; there may be none."""
    of_patient = np.random.default_rng([seed, patient.number, SERIES])
    had = {name: of_patient.random() < share for name, share in HAD.items()}
    of_visit = _random(patient, visit, seed)
    return [name for name in MODALITIES if of_visit.random() < MADE and had[name]]


def series_of(patient: SimulatedPatient, visit: SimulatedVisit, modality: str, seed: int = SEED) -> Volume:
    """The series of one modality at a visit, with the patient's first lesion as large as it was measured."""
    random = np.random.default_rng([seed, patient.number, SERIES, 1 + patient.visits.index(visit), ord(modality[0])])
    return simulated_series(modality, grade_of(patient, seed), visit.sizes_mm[0], random)


def simulated_series(modality: str, grade: float, diameter_mm: float, random: np.random.Generator) -> Volume:
    """A series of a lesion of `grade` (standard deviations) and `diameter_mm`, 0 is none, somewhere in the body."""
    away, body = _places(random)
    malignant = 1 / (1 + math.exp(-1.5 * (grade + 0.3 * random.normal())))
    inside = _soft(diameter_mm / 2 - away) if diameter_mm else np.zeros(SHAPE)
    dead = inside * _soft(diameter_mm / 2 * 0.75 * malignant - away)
    values = {"CT": _ct, "MR": _mr, "PT": _pet}[modality](_Tissue(body, inside, dead, malignant), random)
    return Volume(values.astype(np.float32), SPACING_MM, modality)


class _Tissue(NamedTuple):
    """What every voxel holds (D, H, W): how deep in the body, how much of it lesion, how much of that dead."""

    body: np.ndarray
    inside: np.ndarray
    dead: np.ndarray
    malignant: float

    @property
    def rim(self) -> np.ndarray:
        """What of the lesion lives."""
        living: np.ndarray = self.inside - self.dead
        return living


def _ct(of: _Tissue, random: np.random.Generator) -> np.ndarray:
    tissue = np.where(of.body > FAT, TISSUE_HU, np.where(of.body > 0.0, FAT_HU, AIR_HU))
    seen: np.ndarray = tissue * (1 - of.inside) + RIM_HU * of.rim + DEAD_HU * of.dead
    return seen + NOISE_HU * random.normal(size=SHAPE)


def _mr(of: _Tissue, random: np.random.Generator) -> np.ndarray:
    """Bright where contrast agent goes; one factor over all, as of a coil: the scale has no unit."""
    tissue = np.where(of.body > FAT, 1.0, np.where(of.body > 0.0, 1.8, 0.0))
    lesion = (1.3 + 2.0 * of.malignant) * of.rim + 0.4 * of.dead
    seen: np.ndarray = tissue * (1 - of.inside) + lesion + NOISE_MR * random.normal(size=SHAPE)
    scaled: np.ndarray = np.abs(seen) * 300.0 * math.exp(0.5 * random.normal())
    return scaled


def _pet(of: _Tissue, random: np.random.Generator) -> np.ndarray:
    """Too coarse for the dead middle: all of it is blurred by a voxel."""
    uptake = BACKGROUND_SUV * (of.body > 0.0) * (1 - of.inside) + HOTTEST_SUV * (0.3 + 1.7 * of.malignant) * of.inside
    noisy = uptake + NOISE_SUV * np.sqrt(uptake + 0.05) * random.normal(size=SHAPE)
    for axis in range(3):
        noisy = (np.roll(noisy, BLUR_VOXELS, axis) + 2 * noisy + np.roll(noisy, -BLUR_VOXELS, axis)) / 4
    seen: np.ndarray = np.maximum(noisy, 0.0)
    return seen


def _places(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Distance (mm) of every voxel to the middle of the lesion, and how deep in the body it lies (> 0 inside)."""
    axes = [(np.arange(size) - (size - 1) / 2) * mm for size, mm in zip(SHAPE, SPACING_MM, strict=True)]
    half = np.array([size * mm / 2 for size, mm in zip(SHAPE, SPACING_MM, strict=True)])
    middle = random.uniform(-0.35, 0.35, 3) * half
    z, y, x = np.meshgrid(*axes, indexing="ij")
    away = np.sqrt((z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2)
    width, height = random.uniform(0.75, 0.95, 2)
    return away, _depth(y / (half[1] * height), x / (half[2] * width))


def _depth(down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """1 within the fat of an ellipse, 0.5 in it, less than 0 outside; both shares (D, H, W) of its half axes."""
    out = np.hypot(down, across)
    depth: np.ndarray = np.where(out < 0.9, 1.0, np.where(out < 1.0, 0.5, -1.0))
    return depth


def _soft(depth_mm: np.ndarray) -> np.ndarray:
    """From 0 outside to 1 inside over some millimetres: voxels at the edge hold both."""
    soft: np.ndarray = np.clip(depth_mm / EDGE_MM + 0.5, 0.0, 1.0)
    return soft


def _random(patient: SimulatedPatient, visit: SimulatedVisit, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, patient.number, SERIES, 1 + patient.visits.index(visit)])
