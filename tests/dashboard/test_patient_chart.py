import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard.patient_chart import ALL_LESIONS, PatientChart

START = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
Value = tuple[int, str | None, str, float]


def chart(*values: Value, zone: str = "UTC") -> PatientChart:
    """A timeline of measurements (day, lesion, measurement, value)."""
    columns = ["acquired_at", "scan_uid", "lesion_uid", "lesion_label", "body_site", "measurement", "value", "unit"]
    rows = [
        (START + dt.timedelta(days=day), f"scan-{day}", lesion, lesion, "lung", measurement, value, "mm")
        for day, lesion, measurement, value in values
    ]
    visits = pd.DataFrame(columns=["scans", "acquired_at"])
    sizes = pd.DataFrame(columns=["acquired_at", "scan_uid", "measurement", "horizon_days", "level"])
    responses = pd.DataFrame(columns=["criterion"])
    treatments = pd.DataFrame(columns=["start_at", "end_at", "name", "kind"])
    now = pd.Timestamp(START + dt.timedelta(days=400))
    measured = pd.DataFrame(rows, columns=columns)
    statuses = measured[["scan_uid", "acquired_at"]].drop_duplicates().assign(status="applied")
    statuses["acquired_local"] = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in statuses.acquired_at]
    return PatientChart(statuses, visits, measured, sizes, responses, treatments, ZoneInfo(zone), now)


def values_of(frame: pd.DataFrame, series: str) -> list[float | None]:
    return [None if pd.isna(value) else value for value in frame.value[frame.series == series]]


def test_a_lesion_that_was_not_measured_leaves_a_gap_and_one_that_is_gone_is_zero() -> None:
    patient = chart(
        (0, "a", "longest_diameter", 20.0),
        (0, "b", "longest_diameter", 9.0),
        (40, "a", "longest_diameter", 22.0),
        (80, "a", "longest_diameter", 25.0),
        (80, "b", "longest_diameter", 0.0),
    )
    frame = patient.measured("Diameters (mm)")
    assert values_of(frame, "b") == [9.0, None, 0.0]
    assert values_of(frame, "a") == [20.0, 22.0, 25.0]


def test_a_new_lesion_begins_where_it_was_first_seen() -> None:
    patient = chart((0, "a", "longest_diameter", 20.0), (40, "a", "longest_diameter", 21.0), (40, "new", "volume", 1.0))
    assert values_of(patient.measured("Volume (ml)"), "new") == [1.0]


def test_diameters_are_never_added_up_here() -> None:
    patient = chart((0, "a", "longest_diameter", 20.0), (0, "b", "longest_diameter", 9.0))
    assert set(patient.measured("Diameters (mm)").series) == {"a", "b"}


def test_volumes_add_up_only_where_every_known_lesion_was_measured() -> None:
    patient = chart(
        (0, "a", "volume", 3.0),
        (40, "a", "volume", 4.0),
        (40, "b", "volume", 1.0),
        (80, "b", "volume", 2.0),
        (120, "a", "volume", 5.0),
        (120, "b", "volume", 0.0),
    )
    assert values_of(patient.measured("Volume (ml)"), ALL_LESIONS) == [3.0, 5.0, None, 5.0]


def test_dates_are_those_of_the_services_zone_wherever_the_browser_is() -> None:
    patient = chart((0, "a", "volume", 3.0), zone="Pacific/Auckland")
    assert list(patient.scans["at"]) == [pd.Timestamp("2026-01-05 22:00")]


def test_a_scan_is_shown_on_the_day_of_its_own_zone() -> None:
    patient = chart((0, "a", "volume", 3.0), (40, "a", "volume", 4.0))
    patient.statuses["acquired_local"] += pd.Timedelta(hours=16)
    assert [f"{at:%d %H}" for at in patient.scans["at"]] == ["06 01", "15 01"]
    assert list(patient.measured("Volume (ml)")["at"]) == list(patient.scans["at"])
    assert patient.days_of(patient.values.acquired_at) == ["2026-01-06", "2026-02-15"]


def test_two_lesions_with_the_same_label_are_told_apart() -> None:
    patient = chart((0, "x1111", "volume", 3.0), (0, "x2222", "volume", 4.0))
    patient.values["lesion_label"] = "Liver"
    assert {"Liver \N{HORIZONTAL ELLIPSIS}1111", "Liver \N{HORIZONTAL ELLIPSIS}2222"} <= set(
        patient.measured("Volume (ml)").series
    )
