import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from stream.settings import Settings
from tests.dashboard.browser import PATIENCE_MS, served
from tests.dashboard.cohort import GROWING, MARKED, MARKUP
from tests.dashboard.conftest import database, fill


@pytest.fixture(scope="module")
def address(filled: Settings) -> Iterator[str]:
    """Where the dashboard with the cohort answers."""
    with served(filled) as base:
        yield base


def test_a_click_on_the_worklist_leads_to_the_patient_and_back(address: str, browser_page: Page) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.goto(address)
    browser_page.get_by_role("link", name=GROWING).click()

    expect(browser_page).to_have_url(re.compile(rf"/patient\?patient={GROWING}$"), timeout=PATIENCE_MS)
    expect(browser_page.get_by_role("heading", name=GROWING)).to_be_visible(timeout=PATIENCE_MS)
    expect(browser_page).to_have_title(f"{GROWING} · ScanStream")
    expect(browser_page.get_by_text("Research use only.")).to_be_visible()
    expect(browser_page.get_by_test_id("stVegaLiteChart")).to_have_count(3, timeout=PATIENCE_MS)

    browser_page.get_by_test_id("stMain").get_by_role("link", name="Worklist").click()
    expect(browser_page.get_by_role("heading", name="Worklist")).to_be_visible(timeout=PATIENCE_MS)
    elsewhere = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert not elsewhere, "the pages must work in a network without a way out"


def test_order_and_filters_come_back_with_the_browsers_own_button(address: str, browser_page: Page) -> None:
    browser_page.goto(f"{address}/?disease=lung")
    browser_page.get_by_role("button", name="Risk", exact=True).click()
    by_risk = browser_page.get_by_role("columnheader").filter(has_text=re.compile("^Risk$"))
    expect(by_risk).to_have_attribute("aria-sort", "descending", timeout=PATIENCE_MS)
    expect(browser_page).to_have_url(re.compile("(?=.*disease=lung)(?=.*by=risk)"), timeout=PATIENCE_MS)
    first = browser_page.get_by_role("rowheader").get_by_role("link").first
    patient = first.inner_text()
    first.press("Enter")
    expect(browser_page.get_by_role("heading", name=patient)).to_be_visible(timeout=PATIENCE_MS)
    expect(browser_page.get_by_text("Everything ever forecast")).to_be_visible(timeout=PATIENCE_MS)
    browser_page.go_back()
    expect(by_risk).to_have_attribute("aria-sort", "descending", timeout=PATIENCE_MS)
    expect(first).to_have_text(patient, timeout=PATIENCE_MS)


def test_the_way_of_a_scan_opens_by_a_link_that_loads_nothing_anew_and_back_closes_it(
    address: str, browser_page: Page
) -> None:
    browser_page.goto(f"{address}/pipeline?status=Applied")
    scan = browser_page.get_by_role("region", name="Scans").locator("a[href*='scan=']").first
    expect(scan).to_be_visible(timeout=PATIENCE_MS)
    expect(browser_page.locator("body[data-links-lead-on]")).to_be_attached(timeout=PATIENCE_MS)
    browser_page.evaluate("window.still = true")
    scan.press("Enter")
    expect(browser_page.get_by_text("The way of this scan")).to_be_visible(timeout=PATIENCE_MS)
    expect(browser_page).to_have_url(re.compile("(?=.*status=Applied)(?=.*scan=)"))
    assert browser_page.evaluate("window.still")
    browser_page.go_back()
    expect(browser_page.get_by_text("The way of this scan")).to_be_hidden(timeout=PATIENCE_MS)


def test_a_note_is_kept_and_shown_as_text(address: str, browser_page: Page) -> None:
    browser_page.goto(f"{address}/?search={MARKED}")
    browser_page.get_by_role("button", name=f"Acknowledge {MARKED}").click()
    browser_page.get_by_label("Who are you?").fill("Dr B")
    browser_page.get_by_label("What did you note?").fill(MARKUP)
    browser_page.get_by_test_id("stForm").get_by_role("button", name="Acknowledge").click()
    table = browser_page.get_by_role("table")
    expect(table).to_contain_text(f"by Dr B: {MARKUP}", timeout=PATIENCE_MS)
    assert not table.locator("script, strong").count()


def test_what_arrives_appears_without_a_hand_on_the_page(postgres: Settings, browser_page: Page) -> None:
    settings = database(postgres, "dashboard_waiting")
    with served(settings) as base:
        browser_page.goto(base)
        expect(browser_page.get_by_text("No scan has arrived yet")).to_be_visible(timeout=PATIENCE_MS)
        fill(settings)
        expect(browser_page.get_by_role("link", name=GROWING)).to_be_visible(timeout=PATIENCE_MS)


def test_markup_in_the_name_of_a_treatment_is_text_beside_the_pointer_too(address: str, browser_page: Page) -> None:
    browser_page.goto(f"{address}/patient?patient={MARKED}")
    span = browser_page.get_by_test_id("stVegaLiteChart").first
    span.scroll_into_view_if_needed()
    span.get_by_label(re.compile("script")).first.hover(force=True)
    beside = browser_page.locator("#vg-tooltip-element")
    expect(beside).to_contain_text(MARKUP, timeout=PATIENCE_MS)
    assert not beside.locator("script, a, strong").count()


def test_nothing_is_wider_than_a_small_screen(address: str, browser_page: Page) -> None:
    for path, heading in (
        ("/", "Worklist"),
        (f"/patient?patient={GROWING}", GROWING),
        ("/cohort", "Cohort"),
        ("/pipeline", "Pipeline"),
    ):
        browser_page.goto(address + path)
        expect(browser_page.get_by_role("heading", name=heading)).to_be_visible(timeout=PATIENCE_MS)
        assert browser_page.evaluate("document.documentElement.scrollWidth") <= 1280


CUT = """[...document.querySelectorAll(".told")].filter(box => box.scrollWidth > box.clientWidth)
.map(box => box.ariaLabel)"""
"""Titles of tables of which a part is to be seen only by scrolling sideways."""


@pytest.mark.parametrize("width", [390, 820])
def test_no_table_is_cut_on_a_phone_or_on_half_of_a_screen(address: str, browser_page: Page, width: int) -> None:
    browser_page.set_viewport_size({"width": width, "height": 900})
    for path in (f"/patient?patient={GROWING}", "/cohort", "/pipeline", "/models"):
        browser_page.goto(address + path)
        app = browser_page.get_by_test_id("stApp")
        expect(browser_page.locator("h1")).to_be_visible(timeout=PATIENCE_MS)
        expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)
        assert browser_page.evaluate(CUT) == []
        assert browser_page.evaluate("document.documentElement.scrollWidth") <= width
