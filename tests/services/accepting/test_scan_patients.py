"""Whose a scan is by what its files name: the same in whatever order they come."""

from dataclasses import replace
from itertools import permutations

import pytest

from stream.measured_scan import MeasuredScan
from stream.services.accepting.arrivals import DescribedInstance
from stream.services.accepting.received_files import accept
from stream.services.facts.identity_effects import apply_next
from stream.services.facts.identity_events import IdentityEvent, accept_identity, move_to_named
from stream.services.folding.reconcile import Reconciler
from stream.storage.database import Connection
from stream.storage.intake.measurements import CompleteScan
from stream.vocabulary import IdentityKind, IssuerSource
from tests.database import Database
from tests.services.accepted_facts import forecasters
from tests.services.arrivals import Arrivals, report
from tests.services.receipts import described, received, vault


class NamedLesions(Arrivals):
    """Arrivals whose lesions are named after the patient, as those without a Tracking UID are."""

    def read(self, scan: CompleteScan) -> MeasuredScan:
        measured = super().read(scan)
        lesions = [replace(one, lesion_uid=f"{scan.patient_id}/{one.lesion_uid}") for one in measured.measurements]
        return replace(measured, measurements=tuple(lesions))


def files(case: str) -> list[DescribedInstance]:
    """A study of one person: images that state the issuer, and reports that do not, one of a sender with a setting."""
    same = {"vault": {**vault("one person", case), "mrn": case}}
    stated, default, sender = f"P{case}-stated", f"P{case}-default", f"P{case}-sender"
    return [
        report(case, "r1", default, issuer_source=IssuerSource.DEFAULT, **same),
        report(case, "r2", sender, issuer_source=IssuerSource.SENDER, **same),
        described(case, "i1", stated, **same),
    ]


def end(connection: Connection, case: str) -> tuple[list, list, list]:
    """Where the scan stands, what of it is measured there, and what was set aside."""
    stands = connection.execute(
        "SELECT patient_id FROM core.placements WHERE id = %s AND ended_by IS NULL", [case]
    ).fetchall()
    query = "SELECT patient_id, lesion_uid, value FROM scanstream.trajectory WHERE scan_uid = %s AND lesion_label = %s"
    measured = connection.execute(query, [case, "Nodule"]).fetchall()
    return stands, measured, connection.execute("SELECT reason_code FROM core.set_asides").fetchall()


def test_every_order_of_reports_without_issuer_and_images_with_it_has_the_same_end(database: Database) -> None:
    arrivals = NamedLesions(database)
    for number, order in enumerate(permutations(range(3))):
        case = f"s{number}"
        brought = files(case)
        for index in order:
            arrivals.bring(brought[index])
        stands, measured, asides = end(arrivals.worker, case)
        owner = f"P{case}-stated"
        assert (stands, asides) == ([(owner,)], [])
        assert {(patient, lesion.split("/")[0]) for patient, lesion, _ in measured} == {(owner, owner)}
        assert [value for *_, value in measured] == [20.0, 20.0]


@pytest.mark.parametrize("turned", [False, True])
def test_without_a_stated_issuer_that_of_the_senders_setting_counts(database: Database, turned: bool) -> None:
    arrivals = Arrivals(database)
    for what in files("s")[:2][:: -1 if turned else 1]:
        arrivals.bring(what)
    assert end(arrivals.worker, "s")[0] == [("Ps-sender",)]


def test_two_stated_issuers_or_two_ids_in_one_study_are_for_a_person(database: Database) -> None:
    gateway = database.connect("gateway")
    other_issuer = described("s", "i3", "PX", vault={**vault("one person", "s"), "mrn": "s"})
    other_id = report("s", "r4", "PY", issuer_source=IssuerSource.DEFAULT)
    accept(gateway, [received(what) for what in (*files("s"), other_issuer, other_id)])
    rows = gateway.execute("SELECT reason_code FROM core.set_asides").fetchall()
    assert rows == [("patient_conflict",)] * 2


def test_a_second_stated_issuer_is_for_a_person_also_if_it_was_assumed_before(database: Database) -> None:
    gateway = database.connect("gateway")
    default, _, stated = files("s")
    now_stated = replace(default, instance_uid="s/r5", issuer_source=IssuerSource.FILE)
    accept(gateway, [received(what) for what in (default, stated, now_stated)])
    assert gateway.execute("SELECT reason_code FROM core.set_asides").fetchall() == [("patient_conflict",)]


def test_a_scan_that_a_person_has_moved_stays_there(database: Database) -> None:
    gateway, worker = database.connect("gateway"), database.connect()
    default, _, stated = files("s")
    accept(gateway, [received(default)])
    accept_identity(worker, IdentityEvent("by hand", IdentityKind.MOVE, None, "PZ", "s", "somebody"))
    accept(gateway, [received(stated)])
    assert move_to_named(gateway, ["s"]) == []


def test_a_scan_is_moved_once_and_logged(database: Database) -> None:
    gateway, worker = database.connect("gateway"), database.connect()
    default, _, stated = files("s")
    for what in (default, stated):
        accept(gateway, [received(what)])
    assert [move_to_named(gateway, ["s"]) for _ in range(2)] == [["Ps-stated"], []]
    apply_next(worker, Reconciler(worker, forecasters()))
    assert worker.execute("SELECT patient_id FROM core.assignments").fetchall() == [("Ps-stated",)]
    assert worker.execute("SELECT who, what FROM core.audit").fetchall() == [("scanstream", "move")]


def test_bells_keep_the_key_of_the_scan(database: Database) -> None:
    gateway = database.connect("gateway")
    bells = [bell for what in files("s") for bell in accept(gateway, [received(what)])]
    assert {bell.received_as for bell in bells} == {"Ps-default"}
