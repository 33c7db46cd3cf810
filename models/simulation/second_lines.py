"""Simulated patients in a second line of therapy, and how alike both drugs are in them.

The second drug works in a patient as the first one did in a patient who progressed under it: in another one, drawn at
random, or in the same one. So the same effects are dealt in every cohort, and only what the first line tells of the
second differs. The tumour keeps its growth rate. Of disease there are targets only: that is all a model sees of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.simulation.foci import named, targets_of
from models.simulation.lines import STARTS_DAYS, STOPS_DAYS, FollowedPatient, FollowedVisit, lines_of
from models.simulation.patients import PROTOCOLS, SEED, GrowthRates, SimulatedPatient, visit_days
from models.simulation.reader import Reader
from models.tables.records import TreatmentRecord

FOLLOWED_DAYS = 1100  # at most: a patient may be lost after any visit but the first three
READ, DEALT = 11, 12
"""Further random numbers: of what is read of a patient, of how effects are dealt in a cohort."""


@dataclass(frozen=True)
class FirstLine:
    """A patient who progresses under the first drug, on a day that counts from its start, and is followed on."""

    patient: SimulatedPatient
    progression_day: int


def first_lines(patients: Sequence[SimulatedPatient], seed: int = SEED) -> tuple[FirstLine, ...]:
    """The first lines of patients with lung or bladder cancer, as far as they end in progression."""
    treated = (each for each in patients if each.disease in ("lung", "bladder"))
    return tuple(line for each in treated for line in _progressed(each, seed))


def second_lines(lines: Sequence[FirstLine], same_effect: float, seed: int = SEED) -> tuple[FollowedPatient, ...]:
    """The patients through their second lines, in the order of the first.

    `same_effect`: chance that the second drug works as the first one did in the same patient.
    """
    random = np.random.default_rng([seed, DEALT])
    others, same = random.permutation(len(lines)), random.random(len(lines)) < same_effect
    effects = [lines[n if same[n] else others[n]].patient.rates for n in range(len(lines))]
    return tuple(_followed_on(line, effect, seed) for line, effect in zip(lines, effects, strict=True))


def with_effect(own: GrowthRates, effect: GrowthRates) -> GrowthRates:
    """A patient's rates with a second drug that works, beside growth, as the first one does under `effect`."""
    kill = own.growth * effect.kill[0] / effect.growth
    return replace(own, second_kill=kill, second_resistant_share=effect.resistant_share)


def _progressed(patient: SimulatedPatient, seed: int) -> Iterator[FirstLine]:
    """The first line, if it shows progression before the last visit."""
    drug = TreatmentRecord(patient.treatments[0].name, "drug", 0, None)
    visits = _visits(patient, patient.rates, [drug], seed)
    (line,) = lines_of(visits, [drug])
    progressions = [int(verdict.scan_uid) for verdict in line.verdicts if verdict.category == "PD"]
    if progressions and progressions[0] < visits[-1].day:
        yield FirstLine(patient, progressions[0])


def _followed_on(line: FirstLine, effect: GrowthRates, seed: int) -> FollowedPatient:
    """The patient to the end of follow-up; treated after the progression as models.simulation.lines does."""
    patient, progression = line.patient, line.progression_day
    treatments = (
        TreatmentRecord(patient.treatments[0].name, "drug", 0, progression + STOPS_DAYS),
        TreatmentRecord(PROTOCOLS[patient.disease].second, "drug", progression + STARTS_DAYS, None),
    )
    visits = _visits(patient, with_effect(patient.rates, effect), treatments, seed)
    return FollowedPatient(patient.number, patient.disease, tuple(visits), treatments, patient.clinical)


def _visits(
    patient: SimulatedPatient, rates: GrowthRates, treatments: Sequence[TreatmentRecord], seed: int
) -> list[FollowedVisit]:
    """All visits; up to the second drug the same ones, whatever it does."""
    random = np.random.default_rng([seed, patient.number, READ])
    reader = Reader(named([*targets_of(patient, rates)]), patient.number, random)
    protocol = PROTOCOLS[patient.disease]
    first, second, *_ = protocol.visit_days
    longer = replace(protocol, visit_days=tuple(range(0, FOLLOWED_DAYS, second - first)))
    days = [*visit_days(longer, random)]
    return [FollowedVisit(day, reader.read(day, treatments, None), late=False) for day in days]
