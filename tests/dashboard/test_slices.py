"""What a model says of slices that nobody measured: each in its place, the one that speaks most, and what it is."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from dashboard.patient.slice_maps import DIM, PICTURES, gate_chart, gate_frame, lit
from dashboard.patient.slices import PresenceRow, probabilities, strip, table
from stream.settings import Settings
from tests.dashboard.browser import PATIENCE_MS
from tests.dashboard.cohort import BRAIN, SLICES, UNTOLD
from tests.dashboard.conftest import Open, read
from tests.dashboard.drawn import checked, values
from tests.dashboard.test_in_a_browser import address as address


@pytest.fixture
def row() -> PresenceRow:
    return PresenceRow("s", pd.Timestamp("2026-01-05"), 0.87, 0.64, 0.97, "slices", "c0ffee" * 10, 8, SLICES, 4)


def test_each_slice_has_its_place_and_the_one_that_speaks_most_its_number(row: PresenceRow) -> None:
    strip_ = strip(probabilities(row), "Slices")
    bars, most = checked(strip_)["layer"]
    rows = values(strip_, bars)
    assert rows == values(strip_, most)
    assert [one["probability"] for one in rows] == list(SLICES)
    assert all(one["start"] < one["number"] < one["end"] for one in rows)
    assert all(one["end"] < after["start"] for one, after in pairwise(rows))
    assert bars["encoding"]["y2"] == {"datum": 0}
    assert bars["encoding"]["x"]["scale"]["domain"] == [0.5, 6.5]
    assert bars["encoding"]["y"]["scale"]["domain"] == [0, 1]
    assert [one["number"] for one in rows if one["most"]] == [4]
    assert most["transform"] == [{"filter": "datum.most"}]


def test_the_table_says_the_same_as_the_strip(row: PresenceRow) -> None:
    told = table(probabilities(row))
    assert list(told.Probability) == ["< 1 %", "10 %", "62 %", "91 %", "40 %", "8 %"]
    assert list(told[""]) == ["", "", "", "speaks most for it", "", ""]


def test_a_series_of_many_slices_is_one_strip(row: PresenceRow) -> None:
    many = row._replace(slices=[0.5] * 300, slice_number=300)
    bars, _ = checked(strip(probabilities(many), "Slices"))["layer"]
    assert bars["encoding"]["x"]["scale"]["domain"] == [0.5, 300.5]


def test_the_page_says_what_it_is_and_what_it_is_not(filled: Settings, open_page: Open) -> None:
    said = read(open_page(filled, "patient", patient=UNTOLD)).replace("\N{NO-BREAK SPACE}", " ")
    assert "Probability that this series looks like one with a tumour: 87 %." in said
    assert "The model's members say 64 to 97 %: that is how far they differ, not how sure one can be." in said
    assert "Slice 4 of 6, from the feet, speaks most for it." in said
    assert "learned from 8 patients" in said and "not a measurement" in said
    assert "speaks most for it" not in read(open_page(filled, "patient", patient=BRAIN))


def test_as_of_a_day_the_strips_are_those_of_the_scans_that_stood_then(filled: Settings, open_page: Open) -> None:
    now = read(open_page(filled, "patient", patient=UNTOLD)).count("speaks most for it.")
    then = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=150)
    before = read(open_page(filled, "patient", patient=UNTOLD, as_of=then.isoformat())).count("speaks most for it.")
    assert (now, before) == (2, 1)


def test_a_browser_draws_the_strip_on_a_small_screen_too(address: str, browser_page: Page) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 900})
    browser_page.goto(f"{address}/patient?patient={UNTOLD}")
    shown = browser_page.get_by_test_id("stVegaLiteChart").filter(has_text="slice by slice").first.locator("svg")
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    box = shown.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390


def test_what_counts_in_a_slice_is_bright_within_a_line_and_the_rest_is_dim() -> None:
    grey, counts = np.full((9, 9), 200, np.uint8), np.zeros((9, 9), np.uint8)
    counts[3:6, 3:6] = 255
    lighted = lit(grey, counts)
    assert (lighted[3:6, 3:6] == 200).all()
    assert lighted[2, 4] == lighted[6, 4] == lighted[4, 2] == lighted[4, 6] == 255
    assert lighted[0, 0] == pytest.approx(200 * DIM, abs=1)


def test_gates_are_drawn_between_0_and_1_and_what_is_remembered_beside_its_most() -> None:
    frame = gate_frame([[0.5, 0.6], [0.4, 0.7], [0.3, 0.2], [1.0, 4.0]])
    assert frame[frame.series == "remembered"].value.tolist() == [0.25, 1.0]
    assert frame[frame.series == "kept"].value.tolist() == [0.4, 0.7]
    spec = checked(gate_chart(frame, "Gates"))
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, 1]


def test_the_page_shows_why_a_slice_counts(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=UNTOLD)
    told = "".join(each.proto.body for each in page.get("html"))
    assert [told.count(f", {words}.") for words in PICTURES.values()] == [2, 2, 2]
    assert "Gates along the slices" in " ".join(each.label for each in page.expander)
