"""The disease that clinical facts say decides alike, whether they came before a scan was measured or after."""

from dataclasses import replace

import pytest

from models.measurement import Measurement
from stream.commands import risk
from stream.measured_scan import MeasuredScan
from stream.services.facts.clinical import ImportedVisit
from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.storage.database import Connection
from stream.storage.reading.views import timepoints
from stream.timeline.entries import Timeline
from stream.vocabulary import UNKNOWN_DISEASE
from tests.database import Database
from tests.services.accepted_facts import (
    Fact,
    apply_identity,
    assert_sound,
    breast,
    checks,
    day,
    fold_each,
    forecasters,
    lung,
    standing,
)

TWO_SITES = MeasuredScan(
    (
        Measurement("longest_diameter", 40.0, "SR", "chest", "Chest", "lung"),
        Measurement("longest_diameter", 30.0, "SR", "abdomen", "Abdomen", "liver"),
    ),
    None,
    None,
)
WITH_VOLUME = replace(
    TWO_SITES, measurements=(*TWO_SITES.measurements, Measurement("volume", 12.0, "SR", "chest", "Chest", "breast"))
)
LUNG_IS_TOLD: Fact = ("PA", {"disease": "lung"})


def visit(name: str, on_day: float, patient: str = "PA") -> ImportedVisit:
    """A visit whose lesions lie at two sites, so that it cannot tell the disease."""
    return ImportedVisit(f"{patient}/{name}", patient, day(on_day), "unknown", TWO_SITES)


def forecast_of(connection: Connection) -> dict[str, set[str]]:
    """The diseases of the standing forecasts of each scan, as they were written."""
    rows = connection.execute(
        """SELECT scan_uid, array_agg(DISTINCT disease) FROM (
          SELECT scan_uid, disease FROM core.forecasts WHERE superseded_by IS NULL) f GROUP BY 1"""
    )
    return {scan_uid: set(diseases) for scan_uid, diseases in rows}


def happens(connection: Connection, kind: str, patient: str | None, other: str | None, scan: str | None) -> None:
    accept_identity(connection, IdentityEvent(f"{kind} {patient} {scan}", kind, patient, other, scan, "someone"))
    apply_identity(connection, fold_each(connection, []))


@pytest.mark.parametrize("own", ["unknown", "breast"])
def test_told_late_the_disease_gives_what_it_gives_told_first(database: Database, own: str) -> None:
    visits = [replace(visit("jan", 0), disease=own), replace(visit("mar", 60), disease=own)]
    fold_each(database.connect(), [LUNG_IS_TOLD, *visits])
    told_first = standing(database.connect())
    assert forecast_of(database.connect()) == {"PA/jan": {"lung"}, "PA/mar": {"lung"}}
    database.empty()
    connection = database.connect()
    fold_each(connection, [*visits, LUNG_IS_TOLD])
    assert standing(connection) == told_first
    assert_sound(connection)


def test_what_is_told_last_counts_and_taken_back_the_scans_tell_it_themselves(database: Database) -> None:
    connection = database.connect()
    fold_each(connection, [breast("PA", "a", 0, 12.0, 30.0), lung("PA", "b", 60, 30.0)])
    themselves = standing(connection)["forecasts"]
    fold_each(connection, [("PA", {"disease": "bladder"})])
    assert forecast_of(connection) == {"PA/a": {"bladder"}, "PA/b": {"bladder"}}
    assert {row.disease for row in timepoints(connection, "PA")} == {"bladder"}
    fold_each(connection, [("PA", {"disease": None})])
    assert forecast_of(connection) == {"PA/a": {"breast"}, "PA/b": {"lung"}}
    assert [row.disease for row in timepoints(connection, "PA")] == ["breast", "lung"]
    assert len(standing(connection)["forecasts"]) == len(themselves)
    assert_sound(connection)


def test_whoever_looks_for_a_risk_is_asked_for_the_disease_that_nobody_says(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(risk, "load_settings", lambda: database.settings)
    connection = database.connect()
    fold_each(connection, [visit("jan", 0)])
    risk.risk("PA")
    assert UNKNOWN_DISEASE in capsys.readouterr().out
    fold_each(connection, [LUNG_IS_TOLD])
    risk.risk("PA")
    said = capsys.readouterr().out
    assert "progression" in said
    assert UNKNOWN_DISEASE not in said


def test_what_an_earlier_version_left_of_facts_that_came_late_is_found_and_a_replay_puts_it_right(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took the disease as it was when a scan was measured; what it left of facts that came first is right."""
    connection, late = (
        database.connect(),
        [visit("jan", 0), ImportedVisit("PA/mar", "PA", day(60), "breast", WITH_VOLUME), LUNG_IS_TOLD],
    )
    first = [("PB", {"disease": "lung"}), lung("PB", "a", 0, 30.0)]
    monkeypatch.setattr(Timeline, "disease_of", lambda _, scans_own: scans_own)
    reconciler = fold_each(connection, [*late, *first])
    assert forecast_of(connection) == {"PA/mar": {"breast"}, "PB/a": {"lung"}}
    monkeypatch.undo()
    named = [failure for one in checks(connection) for failure in one.first]
    assert named
    assert not [failure for failure in named if "PB" in failure]
    reconciler.patients(["PA"], [one.weights_version for one in forecasters()])
    assert forecast_of(connection) == {"PA/jan": {"lung"}, "PA/mar": {"lung"}, "PB/a": {"lung"}}
    assert_sound(connection)


def test_the_next_scan_puts_right_what_an_earlier_version_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, as_bladder = database.connect(), replace(lung("PA", "b", 60, 33.0), disease="bladder")
    monkeypatch.setattr(Timeline, "disease_of", lambda _, scans_own: scans_own)
    fold_each(connection, [lung("PA", "a", 0, 30.0), as_bladder, LUNG_IS_TOLD])
    assert forecast_of(connection) == {"PA/a": {"lung"}, "PA/b": {"bladder"}}
    monkeypatch.undo()
    fold_each(connection, [lung("PA", "c", 90, 34.0)])
    assert forecast_of(connection) == {"PA/a": {"lung"}, "PA/b": {"lung"}, "PA/c": {"lung"}}
    assert_sound(connection)


@pytest.mark.parametrize("told", [None, "", 5, ["lung"]])
def test_what_says_no_disease_leaves_that_of_the_scan(database: Database, told: object) -> None:
    connection = database.connect()
    fold_each(connection, [lung("PA", "a", 0, 30.0), ("PA", {"disease": told})])
    assert forecast_of(connection) == {"PA/a": {"lung"}}
    assert [row.disease for row in timepoints(connection, "PA")] == ["lung"]
    assert_sound(connection)


def test_a_scan_takes_the_disease_of_the_timeline_it_stands_on(database: Database) -> None:
    """Merged, the timeline's own facts come last; apart again, and moved, a scan follows the facts it stands with."""
    connection = database.connect()
    fold_each(connection, [visit("a", 0), ("PA", {"disease": "bladder"}), visit("b", 60, "PB"), ("PB", {"age": 50})])
    assert forecast_of(connection) == {"PA/a": {"bladder"}}
    happens(connection, "merge", "PA", "PB", None)
    assert forecast_of(connection) == {"PA/a": {"bladder"}, "PB/b": {"bladder"}}
    fold_each(connection, [("PB", {"disease": "lung"})])
    assert forecast_of(connection) == {"PA/a": {"lung"}, "PB/b": {"lung"}}
    happens(connection, "unmerge", "PA", None, None)
    assert forecast_of(connection) == {"PA/a": {"bladder"}, "PB/b": {"lung"}}
    happens(connection, "move", None, "PA", "PB/b")
    assert forecast_of(connection) == {"PA/a": {"bladder"}, "PB/b": {"bladder"}}
    assert_sound(connection)
