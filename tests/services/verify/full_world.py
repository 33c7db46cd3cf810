"""A database with a row in every table of the protocol, standing and superseded ones, all of it sound."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psycopg
import pytest

from models.criteria.finding import LesionFinding, LesionState
from models.criteria.place import Registration
from models.measurement import Measurement
from stream.errors import SetAside
from stream.measured_scan import KeySlice, LesionMap, MeasuredScan, Outlining, SeriesEmbedding, TumourPresence, Unused
from stream.png import png
from stream.services import leading
from stream.services.accepting.arrivals import UnusableFile
from stream.services.accepting.received_files import accept as receive
from stream.services.accepting.set_asides import item_id
from stream.services.assembling import assembly
from stream.services.facts.clinical import Outcome, accept_outcomes
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.facts.lesion_facts import LesionFact, accept_lesion_fact
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring import measurement
from stream.storage import schema
from stream.storage.appending import append, write_later
from stream.storage.database import Connection
from stream.storage.intake.measurements import CompleteScan
from stream.storage.intake.wishes import answer, waiting_wishes
from stream.vocabulary import LesionRelation
from tests.database import Database
from tests.services.accepted_facts import (
    apply_identity,
    assert_sound,
    breast,
    day,
    drug,
    fold_each,
    forecasters,
    lung,
)
from tests.services.explaining_all import explain_all
from tests.services.outlined_visits import Lesion, Visit, arrive, held
from tests.services.receipts import described, moments_later, received


@pytest.fixture(scope="module")
def world(upgraded: Database) -> Iterator[Connection]:
    """A row in every table of the protocol, standing and superseded ones, all of it sound; as superuser."""
    connection = upgraded.connect()
    gateway = upgraded.connect("gateway")
    receive_and_measure(gateway, connection)
    want_a_release(upgraded.connect("dashboard"), gateway)
    fold_each(
        connection,
        [
            lung("PA", "a", 0, 20.0),
            lung("PA", "c", 80, 22.0),
            drug("PA", "drug", 10, 30),
            lung("PA", "b", 40, 21.0),
            ("PA", {"age": 60}),
            breast("PB", "x", 0, 9.0, 21.0),
            drug("PB", "drug", 3),
            breast("PB", "x", 0, 8.0, 21.0),
            drug("PB", "drug", 3, withdrawn=True),
            lung("PA", "mistake", 60, 99.0),
        ],
    )
    change_the_past(connection)
    draw_maps(connection)
    with psycopg.connect(upgraded.superuser_url, autocommit=True) as superuser:
        write_rows_of_later_features(superuser)
        Reconciler(connection, held()).patients(["PA", "PB"])
        explain_all(connection)
        assert_sound(superuser, held())
        yield superuser
    upgraded.empty()


def receive_and_measure(gateway: Connection, connection: Connection) -> None:
    """Two scans by way of the gateway: one of two images, measured, and one that was set aside and decided on."""
    whats = [described("s1", "i1"), described("s1", "i2", expected_instances=2), described("s2", "i1")]
    receive(gateway, [received(what) for what in (*whats, UnusableFile("no_date", "No date."))])
    rules = assembly.Rules(dt.timedelta(0), dt.timedelta(0))
    made = assembly.gather(connection, ["s1", "s2"], rules, moments_later(60))
    scans = measurement.waiting(connection, [(one.scan_uid, one.revision) for one in made])
    lesion = Measurement("longest_diameter", 12.0, "SR", "lesion", "Nodule", "lung")

    def read(scan: CompleteScan) -> MeasuredScan:
        if scan.scan_uid == "s2":
            raise SetAside("bad_geometry", "The slices do not fit.")
        organ = Unused("seg", "SCT:10200004", "Liver", "an organ, not a lesion")
        found = LesionFinding("lesion", LesionState.MEASURED, "Nodule", "lung", long_axis_mm=12.0)
        note = "One lesion was not read."
        turned = Registration("frame", "other frame", (1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0, 5.0, 0, 0, 0, 1.0))
        said = {"findings": (found,), "time_point": "Week 8", "registrations": (turned,)}
        shown = KeySlice("lesion", png(np.zeros((2, 3), np.uint8)), 3, 2, 0.5, "axial", 4, 9, 80.0, "i1")
        why = (png(np.zeros((2, 2), np.uint8)),) * 3
        seen = TumourPresence("series", "slices", "w", 8, 0.9, 0.8, 0.95, (0.1, 0.9), 2, "i1", *why, ((0.5, 0.4),) * 4)
        outlined = Outlining("bright spots", "0.1", "f1049e70", "outlined", "because", "29f6f9ee")
        said |= {"presence": seen, "outlining": outlined, "maps": (LesionMap("lesion", bytes(8000)),)}
        read = SeriesEmbedding("CT", "encoder", "ab" * 32, "series", 24, (0.1, 0.2, 0.3, 0.4))
        masked = SeriesEmbedding("PT", "encoder", "ab" * 32, masked_because="no_suv")
        said["encoded"] = (read, masked)
        return MeasuredScan((lesion,), "lung", note, unused=(organ,), key_slices=(shown,), **said)

    with ThreadPoolExecutor(1) as readers:
        measurement.measure(connection, scans, read, "", readers)
    decided = {"decision": "rejected", "decided_by": "someone", "decided_at": day(1)}
    write_later(connection, schema.set_asides, {"item_id": item_id("s2", 1)}, decided)
    outcomes = [Outcome("PA", "progression", day(200), False), Outcome("PB", "pcr", None, False)]
    accept_outcomes(connection, outcomes, day(201))
    merged = LesionFact("PA", LesionRelation.MERGED, "lesion-PA", "lesion-PB", day(60).date())
    with connection.transaction():
        accept_lesion_fact(connection, merged, "someone", "grown together", day(62))


def want_a_release(dashboard: Connection, gateway: Connection) -> None:
    """One that was refused, and one that waits, with everything said that can be."""
    item = item_id(received(UnusableFile("no_date", "No date.")).content_sha256)
    wanted = "SELECT scanstream.release(%s, 'read from the film', 'someone', %s, %s)"
    dashboard.execute(wanted, [item, None, None])
    (wish,) = waiting_wishes(gateway, 1)
    answer(gateway, wish, "It has no date.")
    dashboard.execute(wanted, [item, "PA", "2024-02-08"])


def change_the_past(connection: Connection) -> None:
    """A rejection, one that was withdrawn, a merge, a move, what is refused, and an event that waits for its turn."""
    with connection.transaction():
        rejected = (
            Rejection("PA/mistake", 1, "quality", "someone"),
            Rejection("PB/x", 1, "safety", "someone", "blurred"),
        )
        withdrawn = Rejection("PB/x", None, "other", "someone", withdrawn=True)
        accept_rejections(connection, [*rejected, withdrawn], day(61))
    events = [("merge", "PM", "PA", None), ("move", None, "PB", "PA/b"), ("unmerge", "PN", None, None)]
    for number, (kind, patient, other, scan) in enumerate(events):
        accept_identity(connection, IdentityEvent(f"e{number}", kind, patient, other, scan, "someone", "same person"))
    apply_identity(connection, Reconciler(connection, forecasters()))
    accept_identity(connection, IdentityEvent("waits", "unmerge", "PM", None, None, "someone"))


def write_rows_of_later_features(owner: Connection) -> None:
    """Tables stand from the first migration, what fills them comes later: their rows by hand, by the same rules."""
    card = {"model": "progression"}
    known = {"weights_version": "old", "model": "progression", "feature_version": "none", "card": card}
    append(owner, schema.weights, [{**known, "added_at": day(0)}])
    append(owner, schema.active_weights, [{"weights_version": "old", "since": day(0), "until": day(1)}])
    led = {"endpoint": "death", "disease": "lung", "weights_version": "old", "since": day(0), "until": day(1)}
    append(owner, schema.leads, [{**led, "since_xact": "7", "until_xact": "8"}])
    owner.execute("SELECT scanstream.acknowledge('PA', 'someone', 'seen')")


def draw_maps(connection: Connection) -> None:
    """Growth maps of a patient, one of whose scans came late."""
    leading.put_in_service(connection, held()[-1].card, "someone", None)
    for visit in (("first", 0, (Lesion("A", 5),)), ("third", 80, (Lesion("A", 7),)), ("second", 40, (Lesion("A", 6),))):
        arrive(connection, Visit(*visit), patient="PG")
        Reconciler(connection, held()).patients(["PG"])
