"""What people see of the day of a scan: the one on the films, and which images are of another."""

import datetime as dt

from tests.database import Database
from tests.services.accepted_facts import day
from tests.services.arrivals import Arrivals, report
from tests.services.assembling.test_any_order import image

SYDNEY = dt.timezone(dt.timedelta(hours=11))


def test_images_of_another_day_are_named_where_people_look(database: Database) -> None:
    arrivals = Arrivals(database)
    arrivals.bring(image("i1", 9.1), image("i2", 9.0), image("i3", -700))
    query = "SELECT acquired_at, acquired_local, reason FROM scanstream.scan_status"
    ((at, local, reason),) = arrivals.worker.execute(query)
    assert (at, local) == (day(9.0), day(9.0).replace(tzinfo=None))
    assert reason == "of another day than the scan: image ct/i3"


def test_days_are_those_of_the_zone_that_a_scan_was_made_in(database: Database) -> None:
    arrivals = Arrivals(database)
    arrivals.bring(report("s1", acquired_at=dt.datetime(2026, 1, 10, 0, 30, tzinfo=SYDNEY)))
    arrivals.bring(report("s2", acquired_at=dt.datetime(2026, 1, 11, 23, 30, tzinfo=SYDNEY)))
    arrivals.bring(report("s3", acquired_at=dt.datetime(2026, 1, 13, 0, 30, tzinfo=dt.UTC)))
    query = "SELECT acquired_at, acquired_local FROM scanstream.scan_status ORDER BY scan_uid LIMIT 1"
    assert arrivals.worker.execute(query).fetchone() == (
        dt.datetime(2026, 1, 9, 13, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 1, 10, 0, 30),
    )
    for view in ("trajectory", "trajectory_as_of(now())"):
        query = f"SELECT DISTINCT scan_uid, day FROM scanstream.{view} ORDER BY 1"
        assert arrivals.worker.execute(query).fetchall() == [("s1", 0), ("s2", 1), ("s3", 3)]
