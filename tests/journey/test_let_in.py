"""Somebody who looks after the PACS looks for a scan of this morning, learns why it is not there, and lets it in."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.dashboard.browser import PATIENCE_MS, Person
from tests.journey.service import SETTLE_SECONDS, Service
from tests.journey.test_corrections import report
from tests.journey.test_decisions import set_aside


def test_a_scan_that_is_not_there_is_found_set_aside_and_let_in_on_the_page(
    service: Service, browser_page: Page, tmp_path: Path
) -> None:
    scan = report("this-morning", "", 30.0)
    item_id = set_aside(service, tmp_path, scan)
    somebody = Person(browser_page, f"http://127.0.0.1:{service.settings.dashboard_port}")
    somebody.go_to("Pipeline")
    item = browser_page.locator(f".st-key-row-{item_id}")
    expect(item).to_contain_text("No usable date", timeout=PATIENCE_MS)
    expect(item).to_contain_text("Release it and say the day, or send it again with one.")
    expect(item).to_contain_text("from PACS")
    somebody.click(item.get_by_role("button", name="Decide"))
    browser_page.get_by_label("Why").last.fill("The request form has the day")
    browser_page.get_by_label("Your name").fill("Sam")
    browser_page.get_by_role("spinbutton", name="year, When was it acquired?").focus()
    browser_page.keyboard.type("20240301")
    somebody.click(browser_page.get_by_role("button", name="Log the decision"))
    expect(item).to_have_count(0, timeout=1000 * SETTLE_SECONDS)
    somebody.waits()
    field = browser_page.get_by_role("textbox", name="Patient or scan")
    field.fill(service.scan(scan.StudyInstanceUID))
    field.press("Enter")
    way = browser_page.locator(".st-key-hops")
    expect(way).to_contain_text(f"Patient {service.patient('this-morning')}", timeout=PATIENCE_MS)
    expect(way.locator("td").filter(has_text="Applied")).to_be_attached(timeout=PATIENCE_MS)
