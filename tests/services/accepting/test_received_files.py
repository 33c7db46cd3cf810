"""What becomes of a received file, decided against what is known."""

from collections.abc import Iterable

import pytest

from stream.services.accepting.arrivals import ReceivedFile, UnusableFile
from stream.services.accepting.received_files import accept, close_association
from stream.services.accepting.set_asides import item_id
from stream.storage.database import Connection
from tests.database import Database
from tests.services.receipts import described, moments_later, received
from tests.services.waiting import threads, wait_for_waiting


@pytest.fixture
def gateway(database: Database) -> Connection:
    return database.connect("gateway")


def outcomes(connection: Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT receipt_id, outcome FROM core.receipts").fetchall())


def set_aside(connection: Connection) -> list[tuple]:
    return connection.execute("SELECT item_id, reason_code, scan_uid FROM core.set_asides ORDER BY 1").fetchall()


def accepted(connection: Connection, files: Iterable[ReceivedFile]) -> list[str]:
    """Instances that were accepted of `files` brought one by one."""
    return [bell.instance_uid for file in files for bell in accept(connection, [file])]


def test_an_accepted_file_becomes_rows_and_a_bell_for_its_patient(gateway: Connection, database: Database) -> None:
    (bell,) = accept(gateway, [received(described("s1", "i1", "PA"))])
    assert (bell.scan_uid, bell.instance_uid, bell.received_as) == ("s1", "s1/i1", "PA")
    assert gateway.execute("SELECT scan_uid, received_as FROM core.scans").fetchall() == [("s1", "PA")]
    assert gateway.execute("SELECT instance_uid, sha256 FROM core.instances").fetchall() == [("s1/i1", bell.sha256)]
    originals = database.connect("vault").execute("SELECT patient_id, name FROM vault.patients").fetchall()
    assert originals == [("PA", "Doe^Jane")]


@pytest.mark.parametrize("together", [True, False])
def test_the_same_content_again_is_a_duplicate(gateway: Connection, together: bool) -> None:
    files = [received(described(), "content", "first"), received(described(), "content", "second")]
    for batch in [files] if together else [[file] for file in files]:
        accept(gateway, batch)
    assert outcomes(gateway) == {"first": "accepted", "second": "duplicate"}


@pytest.mark.parametrize("together", [True, False])
def test_of_two_contents_under_one_uid_the_first_stands(gateway: Connection, together: bool) -> None:
    files = [received(described(), "one"), received(described(), "other")]
    for batch in [files] if together else [[file] for file in files]:
        accept(gateway, batch)
    assert outcomes(gateway) == {"receipt of one": "accepted", "receipt of other": "set_aside"}
    assert set_aside(gateway) == [(item_id(files[1].content_sha256), "content_conflict", "scan")]
    assert gateway.execute("SELECT sha256 FROM core.instances").fetchall() == [(files[0].sha256,)]


@pytest.mark.parametrize("together", [True, False])
def test_of_two_patients_for_one_study_the_first_stands(gateway: Connection, together: bool) -> None:
    files = [received(described("s", "i1", "PA")), received(described("s", "i2", "PB"))]
    for batch in [files] if together else [[file] for file in files]:
        accept(gateway, batch)
    assert [reason for _, reason, _ in set_aside(gateway)] == ["patient_conflict"]
    assert gateway.execute("SELECT received_as FROM core.scans").fetchall() == [("PA",)]
    assert gateway.execute("SELECT instance_uid FROM core.instances").fetchall() == [("s/i1",)]


def test_two_gateways_that_bring_one_study_for_two_patients_agree_on_the_first(database: Database) -> None:
    first, second = database.connect("gateway"), database.connect("gateway")
    files = [received(described("s", "i1", "PA")), received(described("s", "i2", "PB"))]
    with threads() as start:
        with first.transaction():
            accept(first, files[:1])
            accepting = start(accept, second, files[1:])
            wait_for_waiting(database.connect("gateway"), second)
        assert accepting.result() == []
    assert [reason for _, reason, _ in set_aside(first)] == ["patient_conflict"]


@pytest.mark.parametrize(("patient", "whose"), [("PA", ""), ("PB", " It is another patient's.")])
def test_other_content_under_one_uid_says_whether_it_stands_for_another_patient(
    gateway: Connection, patient: str, whose: str
) -> None:
    accepted(gateway, [received(described(), "one"), received(described(patient=patient), "other")])
    reasons = gateway.execute("SELECT reason FROM core.set_asides").fetchall()
    assert reasons == [(f"An instance with the same SOP Instance UID but other content stands.{whose}",)]


def test_two_gateways_that_bring_two_contents_under_one_uid_agree_on_the_first(database: Database) -> None:
    first, second = database.connect("gateway"), database.connect("gateway")
    accept(first, [received(described("s", "i0"))])
    with threads() as start:
        with first.transaction():
            accept(first, [received(described("s", "i1"), "one content")])
            accepting = start(accept, second, [received(described("s", "i1"), "other content")])
            wait_for_waiting(database.connect("gateway"), second)
        assert accepting.result() == []
    assert [reason for _, reason, _ in set_aside(first)] == ["content_conflict"]


def test_a_receipt_that_was_handled_before_a_crash_rings_again_and_writes_nothing(gateway: Connection) -> None:
    files = [received(described("s", "i1")), received(UnusableFile("no_date", "No date."), "bad")]
    first = accept(gateway, files)
    before = gateway.execute("SELECT count(*) FROM core.receipts").fetchone()
    assert accept(gateway, files) == first
    assert gateway.execute("SELECT count(*) FROM core.receipts").fetchone() == before


def test_an_unusable_file_is_kept_with_its_reason_once(gateway: Connection) -> None:
    problem = UnusableFile("impossible_date", "StudyDate is 20250231.")
    accept(gateway, [received(problem, "same", "r1"), received(problem, "same", "r2")])
    accept(gateway, [received(problem, "same", "r3")])
    assert outcomes(gateway) == {"r1": "set_aside", "r2": "duplicate", "r3": "duplicate"}
    assert [(reason, scan) for _, reason, scan in set_aside(gateway)] == [("impossible_date", None)]


def test_the_good_files_of_a_batch_go_on_beside_the_bad_ones(gateway: Connection) -> None:
    files = [
        received(UnusableFile("no_patient_id", "No ID."), "bad"),
        received(described("s", "i1")),
        received(described("s", "i2", "PB")),
        received(described("s", "i3")),
    ]
    assert [bell.instance_uid for bell in accept(gateway, files)] == ["s/i1", "s/i3"]


def test_the_first_accepted_stands_whatever_comes_in_between(gateway: Connection) -> None:
    files = [
        received(described("s", "i1", patient), f"{patient} {n}", f"r {patient} {n}")
        for n, patient in enumerate(("PA", "PB", "PA", "PB"))
    ]
    assert accepted(gateway, files) == ["s/i1"]
    assert sorted(reason for _, reason, _ in set_aside(gateway)) == ["content_conflict"] * 3


def test_the_end_of_an_association_is_noted_once_and_rings_for_its_scans(gateway: Connection) -> None:
    accept(
        gateway,
        [
            received(described("s1", "i1", "PA"), association="a1"),
            received(described("s2", "i1", "PB"), association="a1"),
        ],
    )
    for seconds in (5, 9):
        groups = close_association(gateway, "a1", moments_later(seconds), ["s1", "s2", "unknown"])
        assert groups == {"PA": ["s1"], "PB": ["s2"]}
    assert gateway.execute("SELECT closed_at FROM core.associations").fetchall() == [(moments_later(5),)]
