"""Patients whose stories are told: facts accepted and folded as the service does it, days counted back from now."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo

from dashboard.patient.case import PatientCase
from dashboard.queries import ViewReader
from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.measurement import Measurement
from stream.measured_scan import MeasuredScan
from stream.services.facts.clinical import ImportedVisit, Outcome, Treatment
from stream.settings import Settings
from stream.storage import database as storage
from tests.dashboard.cohort import MARKUP
from tests.services.accepted_facts import Fact

NOW = dt.datetime.now(dt.UTC)
NAMES = ("PROGRESSED", "SECOND", "ONE", "NEW", "MISSING", "OVERDUE", "FORMULA", "UNTOLD", "DIED", "LASTING", "WORSE")
PROGRESSED, SECOND_LINE, ONE_SCAN, NEW_LESION, NOT_EVALUATED, OVERDUE, FORMULA, UNTOLD, DIED, LASTING, WORSE = (
    f"P{name:A<26}" for name in NAMES
)
OLD = f"P{'OLD':A<26}"


def ago(days: float) -> dt.datetime:
    """The moment `days` before now, at noon."""
    return (NOW - dt.timedelta(days=days)).replace(hour=12, minute=0, second=0, microsecond=0)


def visit(patient: str, days_ago: float, *findings: LesionFinding, disease: str = "lung") -> ImportedVisit:
    """What a scan says of lesions, with the diameters measured that it states."""
    sizes = [
        Measurement("longest_diameter", each.long_axis_mm, "import", each.lesion_uid, each.label, disease)
        for each in findings
        if each.long_axis_mm is not None
    ]
    measured = MeasuredScan(tuple(sizes), disease, None, findings=findings)
    return ImportedVisit(f"{patient}/{days_ago}", patient, ago(days_ago), disease, measured)


def lesion(
    patient: str, name: str, size_mm: float | None, role: LesionRole | None = LesionRole.TARGET
) -> LesionFinding:
    """A lesion by its name and size; None: not evaluated."""
    state = LesionState.NOT_EVALUATED if size_mm is None else LesionState.MEASURED
    return LesionFinding(f"{patient}/{name}", state, name, "lung", role=role, long_axis_mm=size_mm)


def sizes(patient: str, *of_days: tuple[float, float]) -> Iterator[Fact]:
    """Visits of one target, each (days ago, mm)."""
    for days_ago, size_mm in of_days:
        yield visit(patient, days_ago, lesion(patient, "Left lung", size_mm))


def given(patient: str, name: str, days_ago: float) -> Treatment:
    """A drug that goes on."""
    return Treatment(patient, name, "drug", ago(days_ago), None, by_day=False)


def facts() -> Iterator[Fact]:
    """Everything of everybody."""
    yield from sizes(PROGRESSED, (190, 100.0), (110, 50.0), (30, 65.0))
    yield given(PROGRESSED, "Docetaxel", 180)
    yield from sizes(SECOND_LINE, (300, 40.0), (220, 60.0))
    yield given(SECOND_LINE, "Docetaxel", 295)
    yield given(SECOND_LINE, "Nivolumab", 215)
    yield from sizes(SECOND_LINE, (150, 50.0), (40, 38.0))
    yield from sizes(ONE_SCAN, (10, 33.0))
    yield from sizes(NEW_LESION, (120, 30.0))
    new = lesion(NEW_LESION, "Liver", 12.0, None)
    yield visit(NEW_LESION, 20, lesion(NEW_LESION, "Left lung", 31.0), new)
    both = (("Left lung", 30.0), ("Right lung", 20.0))
    yield visit(NOT_EVALUATED, 90, *[lesion(NOT_EVALUATED, *each) for each in both])
    yield visit(NOT_EVALUATED, 45, *[lesion(NOT_EVALUATED, *each) for each in both])
    yield visit(NOT_EVALUATED, 5, lesion(NOT_EVALUATED, "Left lung", 30.0), lesion(NOT_EVALUATED, "Right lung", None))
    yield from sizes(OVERDUE, (400, 30.0), (350, 28.0))
    yield visit(FORMULA, 15, lesion(FORMULA, "=1+2", 25.0), lesion(FORMULA, MARKUP, 21.0))
    yield from sizes(DIED, (190, 50.0), (110, 40.0), (50, 65.0))
    yield given(DIED, "Docetaxel", 180)
    yield Outcome(DIED, "death", ago(20), True)
    yield from sizes(LASTING, (250, 50.0), (200, 46.0), (150, 30.0))
    yield visit(LASTING, 100, lesion(LASTING, "Left lung", None))
    yield from sizes(LASTING, (50, 24.0), (10, 25.0))
    there = LesionFinding(f"{WORSE}/Bone", LesionState.PRESENT, "Bone", "bone", role=LesionRole.NON_TARGET)
    for days_ago, progressed in ((90, False), (20, True)):
        yield visit(WORSE, days_ago, lesion(WORSE, "Left lung", 30.0), replace(there, progressed=progressed))
    yield from sizes(OLD, (100, 30.0), (10, 31.0))
    yield given(OLD, "Docetaxel", 60)
    yield visit(UNTOLD, 15, lesion(UNTOLD, "Somewhere", 25.0), disease="unknown")


@contextmanager
def source(settings: Settings) -> Iterator[ViewReader]:
    """A reader as the pages have it."""
    engine = storage.engine(settings, "dashboard")
    with engine.connect() as connection:
        yield ViewReader(connection)
    engine.dispose()


def case(settings: Settings, patient: str, day: dt.date | None = None) -> PatientCase:
    """What the page knows of a patient."""
    with source(settings) as reader:
        return PatientCase.read(reader, patient, ZoneInfo("UTC"), day)
