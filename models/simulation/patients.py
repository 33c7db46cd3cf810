"""A simulated cohort under follow-up: how lesions grow, respond, resist and regrow, and when people come to be scanned.

A lesion is two clones of cells, one sensitive and one resistant to the first treatment. Each grows exponentially; a
treatment in force takes its kill rate off (after the regression-growth form of Stein et al., Oncologist
2008;13:1046-1054); together they approach a carrying capacity (logistic growth). No model was trained on this.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.progression import progresses
from models.tables.records import TreatmentRecord

SEED = 20261123
DISEASES = ("lung",) * 5 + ("breast", "lung", "bladder", "lung", "brain", "lung", "breast", "lung", "lung", "bladder")
"""Disease of the first patients, repeated: mostly lung, and a few of the others."""
CAPACITY_MM = 160.0
SEEN_MM, MEASURABLE_MM = 2.0, 5.0  # below the first it is gone; between them a reader writes 5 mm (RECIST 1.1)
READING_ERROR = 0.03  # of a diameter, one reader against the next
OUTCOME, GRADE, IMAGE, FINDINGS, SERIES = 1, 2, 3, 4, 5
"""Further random numbers of a patient: each kind has its own, so that the rest of the cohort stays as it is."""
MISSED, DELAYED, SENT_LATE = 0.08, 0.15, 0.05  # shares of visits


@dataclass(frozen=True)
class GrowthRates:
    """How a patient's lesions behave: volumes grow and are killed at rates per day."""

    growth: float
    kill: tuple[float, float]  # by the first treatment: of the sensitive, of the resistant clone
    second_kill: float  # by the second treatment: of both
    resistant_share: float
    second_resistant_share: float = 0.0  # of both clones: what the second treatment does not touch


@dataclass(frozen=True)
class SimulatedLesion:
    """`first_mm`: its diameter (of a node the short axis) when treatment starts."""

    site: str
    node: bool
    first_mm: float


@dataclass(frozen=True)
class SimulatedVisit:
    """`sizes_mm` in the order of the lesions, 0 is gone; `late`: its scan is sent after those of later visits.

    `more`: what else is measured of the only lesion and of the breast, in the units of models.measurement.UNITS.
    """

    day: int
    sizes_mm: tuple[float, ...]
    late: bool
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SimulatedPatient:
    """One patient; days count from the day of reference, the last visit lies shortly before it."""

    number: int
    disease: str
    lesions: tuple[SimulatedLesion, ...]
    visits: tuple[SimulatedVisit, ...]
    treatments: tuple[TreatmentRecord, ...]
    clinical: Mapping[str, object]
    rates: GrowthRates


@dataclass(frozen=True)
class FollowUpProtocol:
    """How a disease is followed and treated; `planned_switch` None: the second treatment waits for progression."""

    sites: tuple[str, ...]  # where lesions are, the primary first; "node" is a lymph node
    sizes_mm: tuple[float, float]
    visit_days: tuple[int, ...]  # nominal, from the start of treatment; the first lies before it
    first: tuple[str, ...]  # one of these
    second: str
    planned_switch: int | None = None
    ends_day: int | None = None
    first_kind: str = "drug"


PROTOCOLS = {
    "lung": FollowUpProtocol(
        ("lung", "lung", "node", "liver"),
        (16, 60),
        tuple(range(0, 400, 42)),
        ("Pembrolizumab", "Atezolizumab", "Carboplatin + pemetrexed"),
        "Docetaxel",
    ),
    "bladder": FollowUpProtocol(
        ("bladder", "node", "lung"), (18, 55), tuple(range(0, 420, 63)), ("Atezolizumab",), "Paclitaxel"
    ),
    "breast": FollowUpProtocol(
        ("breast",),
        (22, 70),
        (0, 21, 84, 154),
        ("Paclitaxel", "Paclitaxel + Pembrolizumab", "Paclitaxel + ABT 888 + Carboplatin"),
        "Doxorubicin + cyclophosphamide",
        84,
        160,
    ),
    "brain": FollowUpProtocol(
        ("brain",), (24, 46), (0, 75, 140, 210), ("Radiotherapy",), "Temozolomide", 42, 230, "radiation"
    ),
}


def simulate(patients: int, seed: int = SEED) -> list[SimulatedPatient]:
    """The first `patients` of the cohort that `seed` makes: a larger cohort begins with the same ones."""
    return [_patient(number, np.random.default_rng([seed, number])) for number in range(1, patients + 1)]


def size_mm(lesion: SimulatedLesion, course: GrowthRates, day: float, treatments: Sequence[TreatmentRecord]) -> float:
    """Diameter of a lesion on a day; `day` and the treatments' count from the start of the first treatment."""
    start, capacity = lesion.first_mm**3, CAPACITY_MM**3
    grown = start * sum(
        share * math.exp(course.growth * day - _killed(kills, day, treatments)) for share, kills in _clones(course)
    )
    return float((capacity * grown / (capacity + grown - start)) ** (1 / 3))


def _clones(course: GrowthRates) -> Iterator[tuple[float, tuple[float, float]]]:
    """Share of each clone, and the rates at which the first and the second treatment kill it."""
    spared = course.second_resistant_share
    for share, kill in zip((1 - course.resistant_share, course.resistant_share), course.kill, strict=True):
        yield share * (1 - spared), (kill, course.second_kill)
        yield share * spared, (kill, 0.0)


def _killed(rates: tuple[float, float], day: float, treatments: Sequence[TreatmentRecord]) -> float:
    """Log of a clone's volume that the treatments took off until a day."""
    return sum(rate * _days_in_force(given, day) for given, rate in zip(treatments, rates, strict=False))


def _days_in_force(treatment: TreatmentRecord, day: float) -> float:
    until = day if treatment.end_day is None else min(day, treatment.end_day)
    return max(0.0, until - treatment.start_day)


def _patient(number: int, random: np.random.Generator) -> SimulatedPatient:
    disease = DISEASES[(number - 1) % len(DISEASES)]
    protocol = PROTOCOLS[disease]
    lesions = _lesions(protocol, random)
    first = str(random.choice(protocol.first))
    rates = _course(random)
    visits, treatments = _follow(protocol, lesions, rates, first, random)
    facts = {"disease": disease, "age": int(random.integers(38, 84))}
    if disease == "breast":
        visits = [_with_breast_values(visit, random) for visit in visits]
        facts |= {name: int(random.random() < 0.5) for name in ("hr", "her2", "mammaprint")} | {"arm": first}
    shift = -visits[-1].day - int(random.integers(1, 40))
    return SimulatedPatient(
        number,
        disease,
        lesions,
        tuple(SimulatedVisit(v.day + shift, v.sizes_mm, v.late, v.more) for v in visits),
        tuple(shifted(treatment, shift) for treatment in treatments),
        facts,
        rates,
    )


def _lesions(protocol: FollowUpProtocol, random: np.random.Generator) -> tuple[SimulatedLesion, ...]:
    """The primary, and some of the other places; what lies elsewhere is smaller."""
    elsewhere = [site for site in protocol.sites[1:] if random.random() < 0.5]
    largest = random.uniform(*protocol.sizes_mm)
    sizes = [largest, *(max(15.0, largest * random.uniform(0.3, 0.8)) for _ in elsewhere)]
    return tuple(
        SimulatedLesion(site, site == "node", float(size))
        for site, size in zip((protocol.sites[0], *elsewhere), sizes, strict=True)
    )


def _course(random: np.random.Generator) -> GrowthRates:
    """Growth in spite of treatment, stable disease, response, or response with resistance and regrowth."""
    growth = math.log(2) / random.uniform(60, 200)  # doubling time of the volume in days
    kind = random.choice(["growth", "stable", "response", "resistance"], p=[0.2, 0.2, 0.25, 0.35])
    if kind == "growth":
        return GrowthRates(growth, (growth * 0.4, 0.0), growth * random.uniform(0.8, 2.0), 0.6)
    if kind == "stable":
        return GrowthRates(growth * 0.4, (growth * 0.5, growth * 0.3), growth, 0.5)
    share = random.uniform(0.03, 0.25) if kind == "resistance" else 1e-5
    return GrowthRates(growth, (growth + random.uniform(0.012, 0.04), 0.0), growth * random.uniform(0.8, 2.5), share)


def _follow(
    protocol: FollowUpProtocol,
    lesions: Sequence[SimulatedLesion],
    course: GrowthRates,
    first: str,
    random: np.random.Generator,
) -> tuple[list[SimulatedVisit], list[TreatmentRecord]]:
    """Visit after visit; without a planned switch the second treatment follows the visit that shows progression."""
    treatments = [TreatmentRecord(first, protocol.first_kind, 0, protocol.planned_switch)]
    if protocol.planned_switch is not None:
        treatments.append(TreatmentRecord(protocol.second, "drug", protocol.planned_switch, protocol.ends_day))
    visits: list[SimulatedVisit] = []
    for day in visit_days(protocol, random):
        sizes = tuple(_read(size_mm(lesion, course, day, treatments), random) for lesion in lesions)
        visits.append(SimulatedVisit(day, sizes, late=bool(random.random() < SENT_LATE)))
        if len(treatments) == 1 and _has_progressed(visits):
            treatments = [
                TreatmentRecord(first, "drug", 0, day + 7),
                TreatmentRecord(protocol.second, "drug", day + 14, None),
            ]
    last_day = visits[-1].day
    return visits, [still_open(each, last_day) for each in treatments if each.start_day <= last_day]


def visit_days(protocol: FollowUpProtocol, random: np.random.Generator) -> Iterator[int]:
    """Baseline before treatment, then visits around their nominal days: some missed, some weeks late."""
    yield -int(random.integers(2, 15))
    planned = protocol.visit_days[1:]
    last = int(random.integers(min(3, len(planned)), len(planned) + 1))
    for number, nominal in enumerate(planned[:last], start=1):
        missed, delayed = random.random() < MISSED, random.random() < DELAYED
        delay = int(random.integers(7, 18)) if delayed else int(random.integers(-3, 4))
        if not missed or number == 1:
            yield nominal + delay


def _read(true_mm: float, random: np.random.Generator) -> float:
    """What a reader writes down, in whole mm."""
    read = true_mm * (1 + READING_ERROR * random.standard_normal())
    return 0.0 if read < SEEN_MM else max(MEASURABLE_MM, float(round(read)))


def _has_progressed(visits: Sequence[SimulatedVisit]) -> bool:
    *before, last = (sum(visit.sizes_mm) for visit in visits)
    return bool(before) and progresses(last, min(before))


def _with_breast_values(visit: SimulatedVisit, random: np.random.Generator) -> SimulatedVisit:
    """Functional volume (a third of the ellipsoid enhances), sphericity and background enhancement of an MR visit."""
    diameter = visit.sizes_mm[0]
    more = {
        "volume": round(math.pi / 6 * diameter**3 * 0.33e-3 * random.uniform(0.8, 1.25), 3),
        "sphericity": round(random.uniform(0.16, 0.34), 3) if diameter else 0.0,
        "background_parenchymal_enhancement": round(24 * math.exp(-visit.day / 300) * random.uniform(0.8, 1.2), 2),
    }
    return SimulatedVisit(visit.day, visit.sizes_mm, visit.late, more)


def still_open(treatment: TreatmentRecord, last_day: float) -> TreatmentRecord:
    """An end that lies after all that is known is not known yet."""
    ended = treatment.end_day is not None and treatment.end_day <= last_day
    return TreatmentRecord(treatment.name, treatment.kind, treatment.start_day, treatment.end_day if ended else None)


def shifted(treatment: TreatmentRecord, days: float) -> TreatmentRecord:
    """The treatment on days that count from another day."""
    end = None if treatment.end_day is None else treatment.end_day + days
    return TreatmentRecord(treatment.name, treatment.kind, treatment.start_day + days, end)
