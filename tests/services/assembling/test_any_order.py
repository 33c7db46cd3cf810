"""Whatever came first, a scan holds the same instances and is of the same day: the order of arrival decides nothing."""

import datetime as dt
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stream.services.accepting.arrivals import DescribedInstance
from stream.services.assembling.assembly import gather
from stream.services.facts.rejections import Rejection, accept_rejections
from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import assert_sound, day
from tests.services.arrivals import Arrivals, note, report
from tests.services.assembling.test_assembly import RULES
from tests.services.receipts import described

Timeline = dict[str, tuple[dt.datetime, list[str]]]
"""Scan → when it was acquired, and its instances."""


def image(name: str, on_day: float, scan: str = "ct") -> DescribedInstance:
    """A slice of that day."""
    return described(scan, name, acquired_at=day(on_day))


def timeline(connection: Connection) -> Timeline:
    """What stands of each scan."""
    query = """SELECT p.id, p.at, array_agg(i.instance_uid ORDER BY i.instance_uid) FROM core.placements p
    JOIN core.revision_instances i ON i.scan_uid = p.id AND i.revision = p.revision WHERE p.ended_by IS NULL
    GROUP BY 1, 2"""
    return {scan: (at, uids) for scan, at, uids in connection.execute(query)}


READ_LATER = report("read", acquired_at=day(30), referenced=("ct/i1", "ct/i2"))
FILES = [
    image("i1", 9.1),
    image("i2", 9.0),
    image("i3", -700),
    report("ct", "g", acquired_at=day(9), referenced=("ct/i1",)),
    READ_LATER,
    report("read", "q", acquired_at=day(30), referenced=("ct/i3", "follow/i1")),
    image("i1", 40, "follow"),
    report("follow", "r", acquired_at=day(40), referenced=("ct/i1", "follow/i1")),
    report("follow", "wrong", acquired_at=day(40)),
    note("notes", "n", "follow/wrong", "ct/i1"),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_report_is_of_the_day_of_the_images_it_refers_to_whichever_came_first(
    database: Database, order: Sequence[int]
) -> None:
    arrivals = Arrivals(database)
    for number in order:
        arrivals.bring([READ_LATER, image("i1", 9.1), image("i2", 9.0)][number])
    assert timeline(arrivals.worker)["read"] == (day(9.0), ["read/r"])
    assert_sound(arrivals.worker)


@settings(max_examples=6, database=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
@given(order=st.permutations(FILES), together=st.lists(st.integers(1, 4), min_size=len(FILES), max_size=len(FILES)))
def test_what_stands_depends_on_what_was_accepted_alone(
    database: Database, order: list[DescribedInstance], together: list[int]
) -> None:
    database.empty()
    arrivals = Arrivals(database)
    for number in together:
        files, order = order[:number], order[number:]
        if files:
            arrivals.bring(*files)
    assert timeline(arrivals.worker) == {
        "ct": (day(9.0), ["ct/g", "ct/i2", "ct/i3"]),
        "read": (day(9.0), ["read/q", "read/r"]),
        "follow": (day(40), ["follow/i1", "follow/r"]),
        "notes": (day(0), ["notes/n"]),
    }
    assert_sound(arrivals.worker)


def test_a_scan_that_a_person_rejected_does_not_come_back_because_its_day_became_known(database: Database) -> None:
    arrivals = Arrivals(database)
    arrivals.bring(READ_LATER)
    accept_rejections(arrivals.worker, [Rejection("read", 1, "quality", "anna")], arrivals.now())
    arrivals.bring(image("i1", 9))
    assert ("read", 1, "rejected") in arrivals.statuses()
    assert not any(scan == "read" and status == "applied" for scan, _, status in arrivals.statuses())


def test_a_revision_that_is_of_the_right_day_is_not_made_again(database: Database) -> None:
    arrivals = Arrivals(database)
    arrivals.bring(image("i1", 9))
    arrivals.bring(READ_LATER)
    arrivals.bring(image("i2", 9.1))
    assert gather(arrivals.worker, ["ct", "read"], RULES, arrivals.now()) == []
    assert max(revision for scan, revision, _ in arrivals.statuses() if scan == "read") == 1
