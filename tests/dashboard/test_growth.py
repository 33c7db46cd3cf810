"""Growth maps on the page Patient: of the latest scan that has some, with the interval, and as of an earlier day."""

import datetime as dt
import io
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from dashboard.patient import growth
from dashboard.patient.board_page import board_page
from dashboard.patient.case import PatientCase
from dashboard.patient.growth import BAR_INSET, ENLARGED, LINE, NOTHING, SURE, VOXELS, GrowthRow, picture
from dashboard.patient.tables import csv_files
from dashboard.queries import reader
from models.growth.maps import SPACING_MM, packed
from stream.services.folding.reconcile import Reconciler
from stream.settings import load_settings
from stream.storage.database import Connection
from tests.dashboard.conftest import Open, read, told_table
from tests.database import Database
from tests.services.outlined_visits import Lesion, Visit, arrive, ball, drawing, held

FIRST = Visit("first", 0, (Lesion("A", 5),))
SECOND = Visit("second", 60, (Lesion("A", 6), Lesion("B", 3)))


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    connection = drawing(database)
    fold(connection, FIRST)
    yield connection


def fold(connection: Connection, *visits: Visit) -> None:
    arrive(connection, *visits)
    Reconciler(connection, held()).patients(["P"])


def figures(page: AppTest) -> str:
    return "".join(each.proto.body for each in page.get("html") if "Growth map." in each.proto.body)


def test_the_maps_are_those_of_the_latest_scan_each_with_its_interval(
    connection: Connection, database: Database, open_page: Open
) -> None:
    fold(connection, SECOND)
    page = open_page(database.settings, "patient", patient="P")
    told = figures(page)
    assert told.count("<img") == 4
    assert "<b>A, in 6 weeks</b>" in told and "<b>B, in 12 weeks</b>" in told
    ((low, high),) = connection.execute(
        "SELECT volume_low, volume_high FROM scanstream.growth_map "
        "WHERE lesion_uid = 'A' AND scan_uid = 'P/second' AND horizon_days = 42"
    ).fetchall()
    assert f"90 % interval {low:.1f} to {high:.1f}" in told
    said = read(page)
    assert "Simulated growth alone" in said and "Not for decisions." in said


def test_as_of_an_earlier_moment_the_maps_are_those_that_stood_then(
    connection: Connection, database: Database, open_page: Open
) -> None:
    (then,) = connection.execute("SELECT clock_timestamp()").fetchone() or ()
    fold(connection, SECOND)
    open_page(database.settings, "patient", patient="P")  # takes the settings over
    with reader() as source:
        before, now = source.of_patient("P", pd.Timestamp(then)), source.of_patient("P")
    assert set(before["growth"].scan_uid) == {"P/first"}
    assert set(now["growth"].scan_uid) == {"P/first", "P/second"}


def test_where_no_weights_draw_maps_the_page_says_nothing_of_them(database: Database, open_page: Open) -> None:
    page = open_page(database.settings, "patient", patient="P")
    assert figures(page) == ""


def test_the_files_of_a_patient_have_the_volumes(connection: Connection, database: Database, open_page: Open) -> None:
    open_page(database.settings, "patient", patient="P")  # takes the settings over
    with reader() as source:
        files = dict(csv_files(PatientCase.read(source, "P", load_settings().zone)))
    heads, *rows = files["P-growth_map.csv"].splitlines()
    assert "volume_low" in heads and "chance" not in heads and len(rows) == 2
    assert files["P-tumour_presence.csv"].startswith("patient_id,endpoint")


def test_the_page_for_the_tumour_board_has_the_maps_with_their_intervals_and_their_warning(
    connection: Connection, database: Database, open_page: Open
) -> None:
    fold(connection, SECOND)
    open_page(database.settings, "patient", patient="P")  # takes the settings over
    with reader() as source:
        case = PatientCase.read(source, "P", load_settings().zone)
        maps = growth.latest_growth(source, case)
        (paper,) = PdfReader(io.BytesIO(board_page(case, maps=maps))).pages
    assert len(paper.images) == len(maps) == 4
    words = " ".join(paper.extract_text().split())
    for each in maps:
        assert ", ".join(growth.in_words(each, case.labels, case)) in words
    assert "Simulated growth alone" in words and "Not for decisions." in words


def row(chance: np.ndarray, inside: np.ndarray) -> GrowthRow:
    levels = np.round(chance * 255).astype(np.uint8).tobytes()
    at = pd.Timestamp("2026-01-05", tz=dt.UTC)
    return GrowthRow("s", at, "A", 42, 1.0, 1.5, 0.9, 2.2, 0.38, packed(inside), levels, "growth-map", "c0ffee")


def test_a_picture_has_the_last_outline_as_a_line_and_shades_by_chance() -> None:
    shown = picture(row(ball(10).astype(float), ball(6)))
    middle, side = VOXELS * ENLARGED // 2, VOXELS * ENLARGED
    assert shown.shape == (side, side)
    assert shown[middle, middle] == SURE and shown[0, 0] == NOTHING
    lined = np.flatnonzero(shown[middle] == LINE)
    assert (lined.max() - lined.min()) * SPACING_MM / ENLARGED == pytest.approx(24, abs=1.5)
    bar = np.flatnonzero(shown[-BAR_INSET - 1] == LINE)
    assert len(bar) * SPACING_MM / ENLARGED == growth.BAR_MM


def test_the_slice_is_the_one_in_which_most_of_the_lesion_is_to_be_expected() -> None:
    chance = np.zeros((VOXELS,) * 3)
    chance[10, 10:14, 10:14], chance[30, 10:30, 10:30] = 0.95, 0.5
    assert (picture(row(chance, np.zeros_like(chance, bool))) == SURE).sum() == 0


@pytest.mark.usefixtures("connection")
def test_the_page_models_says_what_they_learned_from_and_how_good_they_were(
    database: Database, open_page: Open
) -> None:
    page = open_page(database.settings, "models")
    said = read(page)
    assert "draws maps of lesions (brain)" in said
    assert "500 patients, 2,289 visits. All are simulated" in said
    figures = told_table(page, "Forecasts of growth on simulated patients")
    assert "90 % interval holds" in figures.columns
    assert figures["Overlap (Dice), ConvLSTM"][0] == "0.731 (0.706, 0.755)"
    assert figures["Overlap, no change"][0] == "0.689 (0.660, 0.716)"
