"""A scan made of too little, or of a wrong day, is found by asking the rules again, though every hash agrees."""

import datetime as dt
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from stream.services.verify.assembled_again import assembled_again
from stream.services.verify.finding import Finding
from stream.services.verify.row_hashes import row_hashes
from stream.storage import schema
from stream.storage.database import Connection
from stream.storage.hashing import later_sha256, row_sha256
from tests.database import Database
from tests.services.accepted_facts import NOTHING_ON_ITS_WAY, day
from tests.services.arrivals import Arrivals, note, report
from tests.services.receipts import described, moments_later


@pytest.fixture
def arrivals(database: Database) -> Arrivals:
    """An image with its report, and a report whose images came in a study of their own, later."""
    arrivals = Arrivals(database)
    arrivals.bring(described("s1", "i1"), report("s1", referenced=("s1/i1",)))
    arrivals.bring(report("s2", acquired_at=day(3), referenced=("s3/i1",)))
    arrivals.bring(described("s3", "i1", acquired_at=day(1)))
    return arrivals


def found(arrivals: Arrivals, now: dt.datetime = NOTHING_ON_ITS_WAY) -> Finding:
    return assembled_again(arrivals.worker, now)


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    """Whoever owns the database can change rows past its triggers."""
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        yield superuser


def hash_again(superuser: Connection, scan: str) -> None:
    """Give the revisions of `scan` the hash of what they say now."""
    cursor = superuser.cursor(row_factory=dict_row)
    for row in cursor.execute("SELECT *, ctid FROM core.revisions WHERE scan_uid = %s", [scan]).fetchall():
        first = row_sha256(schema.revisions, row)
        later = later_sha256(schema.revisions, {**row, "row_sha256": first})
        values = [first, later, row["ctid"]]
        superuser.execute("UPDATE core.revisions SET row_sha256 = %s, later_sha256 = %s WHERE ctid = %s", values)


def test_what_arrived_in_any_order_is_made_of_all_that_counts(arrivals: Arrivals) -> None:
    finding = found(arrivals)
    assert (finding.checked, finding.failed) == (3, 0)


def test_a_scan_of_a_wrong_day_is_named_though_all_hashes_fit(arrivals: Arrivals, superuser: Connection) -> None:
    superuser.execute("UPDATE core.revisions SET acquired_at = acquired_at - interval '700 days' WHERE scan_uid = 's1'")
    hash_again(superuser, "s1")
    assert row_hashes(arrivals.worker).failed == 0
    assert found(arrivals).first == ["scan s1 revision 1: what was accepted says another day"]


def test_a_scan_that_lacks_an_accepted_instance_is_named(arrivals: Arrivals, superuser: Connection) -> None:
    superuser.execute("DELETE FROM core.revision_instances WHERE instance_uid = 's1/r'")
    assert found(arrivals).first == ["scan s1 revision 1: it is not made of what was accepted"]


def test_what_came_in_the_last_five_minutes_may_be_on_its_way(arrivals: Arrivals, superuser: Connection) -> None:
    superuser.execute("DELETE FROM core.revision_instances WHERE instance_uid = 's1/r'")
    assert found(arrivals, moments_later(0)).failed == 0


def test_an_instance_that_was_taken_back_is_not_missed(arrivals: Arrivals) -> None:
    arrivals.bring(note("s1", "n", "s1/r"))
    assert found(arrivals).failed == 0


def test_of_a_share_of_the_scans_only_that_is_read(arrivals: Arrivals) -> None:
    assert assembled_again(arrivals.worker, NOTHING_ON_ITS_WAY, percent=50.0).checked == 2
