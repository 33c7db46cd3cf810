"""Pictures of lesions on a patient's page: beside their values, told in words, and only where there are some."""

import base64
import csv
import datetime as dt
import html
import io
import re
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from dashboard.patient.board_page import board_page
from dashboard.patient.case import PatientCase
from dashboard.patient.key_slices import latest_key_slices
from dashboard.patient.tables import csv_files
from stream.settings import Settings
from tests.dashboard.browser import PATIENCE_MS
from tests.dashboard.cohort import BRAIN, GROWING, MARKUP, PICTURED
from tests.dashboard.conftest import Open, read
from tests.dashboard.rows import PICTURE
from tests.dashboard.stories import source
from tests.dashboard.test_in_a_browser import address as address


def pictures(page: AppTest) -> list[dict[str, str]]:
    """The attributes of every picture on the page."""
    bodies = "".join(each.proto.body for each in page.get("html"))
    return [dict(re.findall(r'(\w+)="(.*?)"', tag)) for tag in re.findall(r"<img .*?>", bodies)]


def captions(page: AppTest) -> list[str]:
    bodies = "".join(each.proto.body for each in page.get("html"))
    return [
        re.sub(r"<.*?>", "", text.replace("<br>", " · "))
        for text in re.findall(r"<figcaption>(.*?)</figcaption>", bodies)
    ]


def test_each_scan_shows_its_lesion_with_its_values_and_where_the_slice_is(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=BRAIN)
    where = "axial slice 11 of 24, from the feet"
    by_whom = "outlined by brain_tumour 0.1.0, by no person"
    told = [f"volume 48.9 ml · {where}", f"volume 21.4 ml · {by_whom} · {where}"]
    assert captions(page) == [f"Enhancing tumour · {words}" for words in told]
    for picture in pictures(page):
        assert base64.b64decode(picture["src"].removeprefix("data:image/png;base64,")) == PICTURE


def test_pictures_of_one_lesion_have_one_scale(filled: Settings, open_page: Open) -> None:
    sizes = [(each["width"], each["height"]) for each in pictures(open_page(filled, "patient", patient=BRAIN))]
    assert sizes == [("192", "160"), ("84", "70")]  # of 0.489 and 0.214 mm per pixel


def test_who_cannot_see_it_hears_what_it_shows(filled: Settings, open_page: Open) -> None:
    alt = pictures(open_page(filled, "patient", patient=BRAIN))[0]["alt"]
    assert re.fullmatch(
        r"Enhancing tumour, volume 48\.9 ml, axial slice 11 of 24, from the feet\. "
        r"Scan of \d+ \w+ \d{4}; the lesion is outlined\.",
        alt,
    )


def test_where_scans_have_no_picture_there_is_no_empty_place(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=GROWING)
    assert (pictures(page), "Key slices" in read(page)) == ([], False)


def test_the_latest_scans_are_shown_and_the_others_on_demand(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=PICTURED)
    assert len(pictures(page)) == 3
    (more,) = page.toggle
    assert more.label == "Of all 5 scans"
    assert len(pictures(more.set_value(True).run())) == 5
    assert not open_page(filled, "patient", patient=BRAIN).toggle


def test_a_label_with_markup_is_shown_as_text(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "patient", patient=PICTURED)
    assert html.unescape(captions(page)[0]).startswith(f"{MARKUP} · volume 48.9 ml")
    assert "<script" not in "".join(each.proto.body for each in page.get("html"))


def test_as_of_a_day_the_pictures_are_those_of_the_scans_that_stood_then(filled: Settings, open_page: Open) -> None:
    then = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=150)
    page = open_page(filled, "patient", patient=BRAIN, as_of=then.isoformat())
    assert ["volume 21.4 ml" in caption for caption in captions(page)] == [True]
    before_all = then - dt.timedelta(days=400)
    assert not pictures(open_page(filled, "patient", patient=BRAIN, as_of=before_all.isoformat()))


def test_a_browser_draws_them_on_a_small_screen_too(address: str, browser_page: Page) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 900})
    browser_page.goto(f"{address}/patient?patient={BRAIN}")
    shown = browser_page.get_by_role("img", name="Enhancing tumour, volume 48.9 ml")
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    assert shown.evaluate("each => each.naturalWidth") == 192
    box = shown.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert box["height"] / box["width"] == 160 / 192


def test_the_page_for_the_board_shows_the_latest_ones_and_the_files_tell_of_all(filled: Settings) -> None:
    with source(filled) as reader:
        of_brain = PatientCase.read(reader, BRAIN, ZoneInfo("UTC"))
        shown = latest_key_slices(reader, of_brain)
        page = board_page(of_brain, shown)
    (paper,) = PdfReader(io.BytesIO(page)).pages
    assert len(paper.images) == len(shown) == 1
    words = " ".join(paper.extract_text().split())
    assert "Enhancing tumour, volume 48.9 ml, axial slice 11 of 24, from the feet" in words
    files = dict(csv_files(of_brain))
    rows = list(csv.DictReader(io.StringIO(files[f"{BRAIN}-key_slice.csv"])))
    assert [row["volume_ml"] for row in rows] == ["48.9", "21.4"]
    assert [(row["view"], row["slice_number"]) for row in rows] == [("axial", "11")] * 2
