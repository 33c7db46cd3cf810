"""Where a simulated patient's disease is, as RECIST sees it: targets, non-targets, and what is too small to be seen.

The targets are the lesions of the simulation. Which patients have more follows from their number alone, so that a
small cohort shows it too: a nodule or node that is no target, an effusion that nobody can measure, a metastasis that
vanishes under treatment and comes back, and one of resistant cells that a baseline scan cannot show. All grow and die
after models.simulation.patients.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.criteria.finding import LesionRole
from models.simulation.patients import GrowthRates, SimulatedLesion, SimulatedPatient

PLACES = {"node": "Lymph node", "pleura": "Pleural effusion"}
NODE_MM = 16.5  # of a target node, that a reader's error leaves it at 15 mm or more
SECOND_LINE_KILL = 0.02  # per day, beyond growth, where the second drug works: half the volume in five weeks
EXTENT_MM = 40.0  # what stands for the extent of an effusion
HIDDEN_MM = (1.8, 2.8)  # of a metastasis, when treatment starts: below what a scan shows
HIDDEN_DOUBLING_DAYS = (32, 44)  # of its volume: seen after four to seven months
EFFUSION_DOUBLING_DAYS = (60, 75)
VANISHING_MM, VANISHING_DOUBLING_DAYS = (11.0, 13.0), 25.0
VANISHING_KILL = 0.1  # per day, beyond growth: half the volume in a week
VANISHING_REST = 1.2e-4  # share of its cells that resist: half a millimetre of tumour


@dataclass(frozen=True)
class Focus:
    """One place of disease, how it behaves, its role at the first baseline (None: not seen there), and its label.

    `measured`: whether it has borders to measure between; if not, the size of `lesion` stands for its extent.
    """

    lesion: SimulatedLesion
    rates: GrowthRates
    role: LesionRole | None = None
    measured: bool = True
    name: str = ""


def foci_of(patient: SimulatedPatient, random: np.random.Generator) -> tuple[Focus, ...]:
    """All places of disease of a patient with lung or bladder cancer, targets first."""
    rates = _with_second_line(patient.rates, patient.number)
    targets = [*targets_of(patient, rates), *_vanishing(patient, random)]
    non_targets = [*_small(patient, rates, random), *_effusion(patient, rates, random)]
    return named([*targets, *non_targets, *_hidden(patient, random)])


def named(foci: Sequence[Focus]) -> tuple[Focus, ...]:
    """Each by the place it lies in, and a number there."""
    numbers: Counter[str] = Counter()
    named = []
    for focus in foci:
        site = focus.lesion.site
        numbers[site] += 1
        named.append(replace(focus, name=f"{PLACES.get(site, site.capitalize())} {numbers[site]}"))
    return tuple(named)


def _with_second_line(rates: GrowthRates, number: int) -> GrowthRates:
    """In every fourth patient the second drug shrinks what the first did not, in the others it is as simulated."""
    return replace(rates, second_kill=rates.growth + SECOND_LINE_KILL) if number % 4 == 3 else rates


def _resistant(doubling_days: float, number: int) -> GrowthRates:
    """Cells that the first treatment does not touch; the second does, where it works."""
    return _with_second_line(GrowthRates(math.log(2) / doubling_days, (0.0, 0.0), 0.0, 1.0), number)


def targets_of(patient: SimulatedPatient, rates: GrowthRates) -> Iterator[Focus]:
    """The lesions of the simulation, each as large as a target has to be."""
    for lesion in patient.lesions:
        size_mm = max(lesion.first_mm, NODE_MM) if lesion.node else lesion.first_mm
        yield Focus(replace(lesion, first_mm=size_mm), rates, LesionRole.TARGET)


def _vanishing(patient: SimulatedPatient, random: np.random.Generator) -> Iterator[Focus]:
    """A small target of sensitive cells with a few resistant ones, in every ninth patient."""
    if patient.number % 9 == 4:
        growth = math.log(2) / VANISHING_DOUBLING_DAYS
        rates = GrowthRates(growth, (growth + VANISHING_KILL, 0.0), growth, VANISHING_REST)
        lesion = SimulatedLesion("adrenal gland", False, random.uniform(*VANISHING_MM))
        yield Focus(lesion, rates, LesionRole.TARGET)


def _small(patient: SimulatedPatient, rates: GrowthRates, random: np.random.Generator) -> Iterator[Focus]:
    """In every second patient a nodule below 10 mm or a node below 15 mm: measured, and no target."""
    if patient.number % 2 == 0:
        node = patient.number % 4 == 2
        size_mm = random.uniform(11.5, 13.5) if node else random.uniform(6.5, 8.5)
        lesion = SimulatedLesion("node" if node else "lung", node, size_mm)
        yield Focus(lesion, rates, LesionRole.NON_TARGET)


def _effusion(patient: SimulatedPatient, rates: GrowthRates, random: np.random.Generator) -> Iterator[Focus]:
    """A malignant pleural effusion in every fifth patient; under an odd number the first treatment fails there."""
    if patient.number % 5 == 2:
        if patient.number % 2:
            rates = _resistant(random.uniform(*EFFUSION_DOUBLING_DAYS), patient.number)
        lesion = SimulatedLesion("pleura", False, EXTENT_MM)
        yield Focus(lesion, rates, LesionRole.NON_TARGET, measured=False)


def _hidden(patient: SimulatedPatient, random: np.random.Generator) -> Iterator[Focus]:
    """A metastasis seeded by resistant cells in every seventh patient."""
    if patient.number % 7 == 2:
        site = str(random.choice(("lung", "liver", "adrenal gland")))
        lesion = SimulatedLesion(site, False, random.uniform(*HIDDEN_MM))
        yield Focus(lesion, _resistant(random.uniform(*HIDDEN_DOUBLING_DAYS), patient.number))
