"""What people want by SQL of what was set aside: refused at once or done by the gateway, whatever ends meanwhile."""

from collections.abc import Iterator, Mapping

import psycopg
import pytest

from stream.errors import WrongUse
from stream.publisher import Publisher
from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile, UnusableFile
from stream.services.accepting.received_files import accept
from stream.services.accepting.releasing import Amendment
from stream.services.accepting.set_asides import item_id, set_aside_row
from stream.services.accepting.wishes import WishKeeper
from stream.services.verify.audit_chain import audit_log
from stream.services.verify.row_hashes import row_hashes
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import day
from tests.services.arrivals import Arrivals, report
from tests.services.receipts import received

ODD = 'said "so"\\ by\nÄnne\x01 \N{BEER MUG}\N{LINE SEPARATOR}\x7f'
"""What JSON writes in ways of its own: quotes, a backslash, control characters, letters beyond ASCII."""
RELEASE = "SELECT scanstream.release(%s, %s, 'anna', acquired => %s)"
TOLD = "SELECT decision, decided_by, wanted, wanted_by, answer FROM scanstream.set_aside WHERE item_id = %s"
ITEM = item_id(received(UnusableFile("no_date", "No date."), "a").content_sha256)


class Files:
    """An archive of reports of scan s1 that say no date; `dies_at`: the file at which the gateway is killed."""

    def __init__(self, dies_at: str = "") -> None:
        self._dies_at = received(UnusableFile("no_date", "No date."), dies_at).sha256

    def describe(self, file: ReceivedFile, amendment: Amendment) -> DescribedInstance:
        if file.sha256 == self._dies_at:
            raise KeyboardInterrupt
        if amendment.date is None:
            raise WrongUse("Say when it was acquired.")
        return report("s1", file.sha256, acquired_at=day(-30))

    def corrected_uid(self, instance_uid: str, content_sha256: str) -> str:
        raise NotImplementedError

    def uri(self, sha256: str) -> str:
        return f"archive:{sha256}"


class Bells(Publisher):
    """Keeps what would go to Kafka."""

    def __init__(self) -> None:
        super().__init__([], 1)
        self.rung: list[str] = []

    def publish(self, topic: str, key: str | None, message: Mapping[str, object]) -> None:
        self.rung.append(topic)

    def flush(self) -> None:
        pass


@pytest.fixture
def gateway(database: Database) -> Iterator[Connection]:
    """A gateway that has set three files of one study aside; hashes and log are right in the end."""
    gateway = database.connect("gateway")
    accept(gateway, [received(UnusableFile("no_date", "No date.", "s1"), name) for name in ("a", "b", "c")])
    yield gateway
    for check in (row_hashes, audit_log):
        assert check(database.connect()).first == []


def carry_out(gateway: Connection, files: Files | None = None) -> list[str]:
    """Do what is wanted; the bells that were rung."""
    bells = Bells()
    WishKeeper(lambda: gateway, lambda _: files or Files(), bells).carry_out(gateway)
    return bells.rung


def told(gateway: Connection) -> tuple:
    return gateway.execute(TOLD, [ITEM]).fetchone()


def test_a_release_by_sql_lets_all_of_its_cause_count_and_says_who_wanted_it(
    database: Database, gateway: Connection
) -> None:
    database.connect("dashboard").execute(RELEASE, [ITEM, ODD, "2024-02-08"])
    assert told(gateway) == (None, None, "released", "anna", None)
    assert carry_out(gateway) == ["instances"] * 3
    assert told(gateway) == ("released", "anna", "released", "anna", "done")
    Arrivals(database).follow(["s1"])
    counts = "SELECT instances, status FROM scanstream.scan_status"
    assert gateway.execute(counts).fetchall() == [(3, "applied")]
    log = database.connect("auditor").execute("SELECT who, what, why FROM core.audit ORDER BY seq").fetchall()
    assert log == [("anna", "want release of set-aside", ODD), *[("anna", "release set-aside", ODD)] * 3]


def test_a_reject_by_sql_is_of_the_login_where_no_name_is_given(database: Database, gateway: Connection) -> None:
    database.connect("dashboard").execute("SELECT scanstream.reject(%s, 'phantom')", [ITEM])
    carry_out(gateway)
    assert told(gateway) == ("rejected", "scanstream_dashboard", "rejected", "scanstream_dashboard", "done")
    decided = "SELECT DISTINCT decision FROM scanstream.set_aside"
    assert gateway.execute(decided).fetchall() == [("rejected",)]


def test_what_only_the_gateway_can_know_is_answered_and_can_be_wanted_again(
    database: Database, gateway: Connection
) -> None:
    dashboard = database.connect("dashboard")
    dashboard.execute(RELEASE, [ITEM, "looked at it", None])
    carry_out(gateway)
    assert told(gateway) == (None, None, "released", "anna", "Say when it was acquired.")
    dashboard.execute(RELEASE, [ITEM, "the film says it", "2024-02-08"])
    carry_out(gateway)
    assert told(gateway)[-1] == "done"


def test_a_gateway_that_is_killed_in_the_middle_of_a_cause_does_the_rest_when_it_is_back(
    database: Database, gateway: Connection
) -> None:
    database.connect("dashboard").execute(RELEASE, [ITEM, "looked at it", "2024-02-08"])
    with pytest.raises(KeyboardInterrupt):
        carry_out(gateway, Files(dies_at="c"))
    assert told(gateway) == ("released", "anna", "released", "anna", None)
    carry_out(gateway)
    assert told(gateway)[-1] == "done"
    query = "SELECT count(*) FROM scanstream.set_aside WHERE decision = 'released'"
    assert gateway.execute(query).fetchone() == (3,)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("scanstream.release('0123', 'because')", "No item 0123"),
        (f"scanstream.reject('{ITEM}', ' ')", "Say why"),
        (f"scanstream.release('{ITEM}', 'because', patient_id => '4711')", "No such patient"),
        (f"scanstream.release('{ITEM}', 'because', acquired => '2024-02-31')", "out of range"),
        ("scanstream.release('row', 'because')", "import it again"),
        ("scanstream.reject('decided', 'because')", r"someone rejected it already, at 2025-03-01 09:30 UTC"),
        ("scanstream.reject('wanted', 'because')", r"bert wants it rejected since \d{4}-"),
    ],
)
def test_what_the_database_knows_to_be_wrong_is_refused_at_once(
    database: Database, gateway: Connection, call: str, says: str
) -> None:
    rows = [set_aside_row(name, "no_date", "The visit has no date.", day(0)) for name in ("row", "wanted", "decided")]
    rows[2] |= {"decision": "rejected", "decided_by": "someone", "decided_at": day(0)}
    append(database.connect(), schema.set_asides, rows)
    dashboard = database.connect("dashboard")
    dashboard.execute("SELECT scanstream.reject('wanted', 'because', 'bert')")
    with pytest.raises(psycopg.Error, match=says):
        dashboard.execute(f"SELECT {call}")


def test_a_wish_that_fails_in_an_unknown_way_holds_no_other_up(database: Database, gateway: Connection) -> None:
    accept(gateway, [received(UnusableFile("content_conflict", "Other content."), "z")])
    other = item_id(received(UnusableFile("content_conflict", ""), "z").content_sha256)
    dashboard = database.connect("dashboard")
    dashboard.execute(RELEASE, [other, "because", "2024-02-08"])
    dashboard.execute(RELEASE, [ITEM, "because", "2024-02-08"])
    carry_out(gateway)
    assert gateway.execute(TOLD, [other]).fetchone()[-1].startswith("It could not be done (NotImplementedError)")
    assert told(gateway)[-1] == "done"
