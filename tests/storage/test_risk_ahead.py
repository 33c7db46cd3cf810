"""What is left of a risk at a later day, given that nothing has happened by then."""

import datetime as dt

import numpy as np
import pytest

from stream.storage.database import Connection
from tests.database import Database
from tests.services.accepted_facts import day, fold_each, lung

HORIZONS = (90, 180, 365)
CURVE = """SELECT horizon_days, risk, risk_low, risk_high FROM scanstream.current_risk
WHERE endpoint = 'progression' AND horizon_kind = 'days' ORDER BY horizon_days"""
AHEAD = "SELECT horizon_days, risk, risk_low, risk_high FROM scanstream.risk_ahead(%s) ORDER BY horizon_days"


@pytest.fixture
def reader(database: Database) -> Connection:
    """A reader of one patient with open questions from day 60 on."""
    fold_each(database.connect(), [lung("PA", "a", 0, 30.0), lung("PA", "b", 60, 34.5)])
    return database.connect("reader")


def ahead(reader: Connection, days: float) -> dict[int, np.ndarray]:
    """By horizon the risk and its interval, some days after the scan."""
    rows = reader.execute(AHEAD, [day(60) + dt.timedelta(days=days)]).fetchall()
    return {horizon: np.array(risks) for horizon, *risks in rows}


def test_on_the_day_of_the_scan_it_is_the_risk_itself(reader: Connection) -> None:
    rows = reader.execute(CURVE).fetchall()
    assert [row[0] for row in rows] == [*HORIZONS]
    for horizon, *risks in rows:
        np.testing.assert_allclose(ahead(reader, 0)[horizon], risks, rtol=1e-12)


def test_at_a_horizon_it_is_what_bayes_says(reader: Connection) -> None:
    """P(event by 180 days | none by 90) = 1 - S(180) / S(90), whatever the curve between."""
    survival = {horizon: 1 - np.array(risks) for horizon, *risks in reader.execute(CURVE).fetchall()}
    left = ahead(reader, 90)
    assert [*left] == [180, 365], "of the 90 days nothing is left"
    np.testing.assert_allclose(left[180], 1 - survival[180] / survival[90], rtol=1e-9)
    np.testing.assert_allclose(left[365], 1 - survival[365] / survival[90], rtol=1e-9)


@pytest.mark.parametrize("days", [30, 120.5, 300])
def test_between_horizons_the_hazard_is_constant(reader: Connection, days: float) -> None:
    curve = np.array(reader.execute(CURVE).fetchall())
    hazards = [np.r_[0, -np.log1p(-column)] for column in curve[:, 1:].T]
    for horizon, left in ahead(reader, days).items():
        now, then = ([np.interp(x, (0, *HORIZONS), each) for each in hazards] for x in (days, horizon))
        np.testing.assert_allclose(left, -np.expm1(np.subtract(now, then)), rtol=1e-9)


def test_before_the_scan_and_after_the_last_horizon_nothing_is_said(reader: Connection) -> None:
    assert ahead(reader, -1) == ahead(reader, 365) == {}
