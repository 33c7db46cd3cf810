"""Visits of made-up patients whose lesions were outlined, and a service that draws growth maps."""

import datetime as dt
from functools import cache
from typing import NamedTuple

import numpy as np

from models.growth.card import GROWTH_CARD
from models.growth.maps import SHAPE, VOXELS, packed, volume_ml
from models.growth.served import GrowthForecaster
from models.measurement import Measurement
from models.serving.forecaster import Forecaster
from stream.measured_scan import LesionMap, MeasuredScan
from stream.services import leading
from stream.services.facts.clinical import ImportedVisit, accept_visits
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import day, forecasters


class Lesion(NamedTuple):
    """A ball of so many voxels' radius; 0: nothing is left of it."""

    name: str
    radius: float


class Visit(NamedTuple):
    """Lesions outlined on a day; scans of one `time_point` are one visit of the timeline."""

    name: str
    on_day: float
    lesions: tuple[Lesion, ...]
    time_point: str | None = None


@cache
def held() -> tuple[Forecaster, ...]:
    """The committed weights and those of growth maps."""
    return (*forecasters(), GrowthForecaster.load(GROWTH_CARD))


def drawing(database: Database) -> Connection:
    """A service in which growth maps are drawn."""
    connection = database.connect()
    leading.put_in_service(connection, held()[-1].card, "Ada", None)
    return connection


def ball(radius: float) -> np.ndarray:
    inside: np.ndarray = np.square(np.indices(SHAPE) - (VOXELS - 1) / 2).sum(0) < radius**2
    return inside


def arrive(connection: Connection, *visits: Visit, patient: str = "P") -> None:
    """Accept visits with their outlines, as measuring writes them."""
    for name, on_day, lesions, time_point in visits:
        values = [
            Measurement("volume", volume_ml(ball(each.radius)), "SEG", each.name, each.name, "brain")
            for each in lesions
        ]
        maps = tuple(LesionMap(each.name, packed(ball(each.radius))) for each in lesions if each.radius)
        measured = MeasuredScan(tuple(values), "brain", None, time_point=time_point, maps=maps)
        accept_outlined(connection, ImportedVisit(f"{patient}/{name}", patient, day(on_day), "brain", measured))


def accept_outlined(connection: Connection, visit: ImportedVisit) -> None:
    """Accept a visit with the outlines of its lesions, which no table that is imported has."""
    with connection.transaction():
        for scan_uid, revision in accept_visits(connection, [visit], dt.datetime.now(dt.UTC)):
            rows = [{"scan_uid": scan_uid, "revision": revision, **each._asdict()} for each in visit.measured.maps]
            append(connection, schema.lesion_maps, rows)
