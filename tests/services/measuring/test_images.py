"""A lesion's image beside its size: models that see it and models that do not, on timelines where it comes and goes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.features import FEATURE_NAMES, IMAGE_NAMES, IMAGES, MEASURED_NAMES, MEASUREMENTS, whole
from models.serving.forecaster import Forecaster, load_forecaster
from models.serving.weights import load_weights
from stream.measured_scan import MeasuredScan
from stream.services import leading
from stream.services.facts.clinical import ImportedVisit
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring.remeasuring import remeasure, standing
from stream.storage.database import Connection
from stream.storage.folding import active_weights
from stream.storage.intake.measurements import CompleteScan
from stream.storage.reading import views
from tests.database import Database
from tests.other_weights import image_weights
from tests.services.accepted_facts import accept, assert_sound, fold_each, forecasters, lung
from tests.services.arrivals import Arrivals, report
from tests.services.test_explaining import assert_as_it_stands, explained

LOOKS = (1.03, 4.2, 0.06, 8.4, 36.0, 0.29)
OTHERWISE = (1.06, 4.3, 0.05, 8.6, 60.0, 0.22)
STATES = """SELECT s.scan_uid, s.state FROM core.states s WHERE s.weights_version = %s AND s.superseded_by IS NULL
ORDER BY s.scan_uid"""


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of weights that see images."""
    folder = tmp_path_factory.mktemp("seeing")
    image_weights(folder)
    return folder


@pytest.fixture
def held(seeing: Path) -> list[Forecaster]:
    """The weights in service, those that see images last."""
    return [*forecasters(), load_forecaster(seeing, "cpu")]


@pytest.fixture
def worker(database: Database, held: Sequence[Forecaster]) -> Connection:
    connection = database.connect()
    leading.put_in_service(connection, held[-1].card, "Ada", None)
    leading.promote(connection, held[-1].weights_version, "Ada", None)
    return connection


def imaged(visit: ImportedVisit, *looks: float | None) -> ImportedVisit:
    """The visit with an image of its lesion."""
    return replace(visit, measured=replace(visit.measured, embedding=looks))


TIMELINE = [
    imaged(lung("PL", "a", 0, 30.0), *LOOKS),
    lung("PL", "b", 42, 31.0),
    imaged(lung("PL", "c", 84, 29.0), *OTHERWISE),
]


def fold(connection: Connection, held: Sequence[Forecaster], *visits: ImportedVisit) -> None:
    for visit in visits:
        accept(connection, visit)
        Reconciler(connection, held).patients([visit.received_as])


def states(connection: Connection, forecaster: Forecaster) -> list[tuple[str, bytes]]:
    return connection.execute(STATES, [forecaster.weights_version]).fetchall()


def test_what_stands_equals_the_reference_fold_whether_a_scan_has_an_image_or_not(
    worker: Connection, held: Sequence[Forecaster]
) -> None:
    fold(worker, held, TIMELINE[2], TIMELINE[0], TIMELINE[1])
    rows = worker.execute("SELECT scan_uid, feature_version FROM core.features ORDER BY 1, 2").fetchall()
    assert rows == [
        ("PL/a", IMAGES),
        ("PL/a", MEASUREMENTS),
        ("PL/b", MEASUREMENTS),
        ("PL/c", IMAGES),
        ("PL/c", MEASUREMENTS),
    ]
    assert len(states(worker, held[-1])) == 3
    assert_sound(worker, held)


def test_an_image_moves_the_states_of_those_who_see_it_and_of_nobody_else(
    worker: Connection, held: Sequence[Forecaster]
) -> None:
    blind, sees = next(one for one in held if one.card.model == "progression"), held[-1]
    fold(worker, held, *TIMELINE)
    for one in TIMELINE:
        measured = replace(one.measured, embedding=())
        fold(worker, held, replace(one, scan_uid=f"{one.scan_uid} unseen", received_as="PM", measured=measured))
    of_blind, of_seeing = dict(states(worker, blind)), dict(states(worker, sees))
    assert len(of_blind) == len(of_seeing) == 6
    for one in TIMELINE:
        assert of_blind[one.scan_uid] == of_blind[f"{one.scan_uid} unseen"]
        assert of_seeing[one.scan_uid] != of_seeing[f"{one.scan_uid} unseen"]


def test_an_image_that_comes_with_a_revision_replays_from_there(worker: Connection, held: Sequence[Forecaster]) -> None:
    fold(worker, held, *TIMELINE)
    before = dict(states(worker, held[-1]))
    fold(worker, held, imaged(TIMELINE[1], *LOOKS))
    after = dict(states(worker, held[-1]))
    assert after["PL/a"] == before["PL/a"]
    assert after["PL/b"] != before["PL/b"] and after["PL/c"] != before["PL/c"]
    assert_sound(worker, held)


def test_an_explanation_tells_the_image_as_one_finding(
    database: Database, worker: Connection, held: Sequence[Forecaster], seeing: Path
) -> None:
    fold(worker, held, *TIMELINE)
    assert_as_it_stands(database, "PL", seeing)
    found = next(one for one in explained(database, "PL", seeing) if one.endpoint == "death")
    told = [part.words for part in found.moved[0].parts if part.kind == "finding"]
    assert len(told) == 2
    assert told[1].startswith("image: relative attenuation 1.03 → 1.06, intensity entropy 4.2 → 4.3 bit,")


def test_each_scan_is_one_row_for_those_who_ask_what_was_seen_or_how_far_it_came(
    database: Database, worker: Connection, held: Sequence[Forecaster]
) -> None:
    fold(worker, held, *TIMELINE)
    rows = views.timepoints(database.connect("reader"), "PL")
    assert [row.feature_version for row in rows] == [IMAGES, MEASUREMENTS, IMAGES]
    for row, looks in zip(rows, (LOOKS, (None,) * 6, OTHERWISE), strict=True):
        assert tuple(row.x[name] for name in IMAGE_NAMES) == looks
        assert row.x.keys() == set(FEATURE_NAMES)
    statuses = database.connect("reader").execute("SELECT scan_uid, status FROM scanstream.scan_status ORDER BY 1")
    assert statuses.fetchall() == [("PL/a", "applied"), ("PL/b", "applied"), ("PL/c", "applied")]


def test_scans_measured_before_images_were_are_measured_again_only_where_there_is_one(
    database: Database, held: Sequence[Forecaster]
) -> None:
    arrivals, worker = Arrivals(database), database.connect()
    for scan in ("s1", "s2"):
        arrivals.bring(report(scan))
    leading.put_in_service(worker, held[-1].card, "Ada", None)

    def read(scan: CompleteScan) -> MeasuredScan:
        return replace(arrivals.read(scan), embedding=LOOKS if scan.scan_uid == "s2" else ())

    def again() -> list[tuple[str, str]]:
        with ThreadPoolExecutor(1) as readers:
            done = remeasure(worker, standing(worker, None), read, lambda _: False, "", readers)
        Reconciler(worker, held).scans([one.scan_uid for one in done])
        return [(one.scan_uid, one.what) for one in done]

    assert again() == [("s1", "same"), ("s2", "changed")]
    assert again() == [("s1", "same"), ("s2", "same")]
    assert_sound(worker, held)


def test_what_lacks_a_state_is_found_by_either_kind_of_features(
    database: Database, seeing: Path, held: Sequence[Forecaster]
) -> None:
    connection = database.connect()
    fold_each(connection, TIMELINE)
    leading.put_in_service(connection, held[-1].card, "Ada", None)
    assert active_weights.lacking(connection, held[-1].weights_version) == [("PL", 3, 1)]
    only_images = replace(held[-1].card.applies_to, needs=("texture_contrast",))
    card = replace(held[-1].card, applies_to=only_images, weights_sha256="0" * 64)
    leading.put_in_service(connection, card, "Ada", None)
    assert active_weights.lacking(connection, "0" * 64) == [("PL", 2, 1)]
    needs = Forecaster(card, load_weights(seeing)[1], held[-1].device)
    x = [30.0, *(None,) * (len(MEASURED_NAMES) - 1)]
    assert [needs.applies("lung", seen) for seen in (x, [*x, *LOOKS], whole(x), np.append(x, LOOKS))] == [
        False,
        True,
        False,
        True,
    ]
