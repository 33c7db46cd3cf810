"""Somebody who looks after the PACS looks for a scan of this morning, learns why it is not there, and lets it in.

The scan is a report of a real patient whose day of study was lost.
"""

import tarfile
from pathlib import Path

from playwright.sync_api import Page, expect
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from tests.dashboard.browser import PATIENCE_MS, Person
from tests.data import shared_data
from tests.journey.service import SETTLE_SECONDS, Service
from tests.journey.test_decisions import set_aside


def report_without_a_day() -> Dataset:
    """The first report of I-SPY2, of a study and a patient of its own, so that others stay as they are."""
    with tarfile.open(shared_data() / "ispy2" / "sr.tar.gz") as packed:
        first = next(member for member in packed if member.isfile())
        found = dcmread(packed.extractfile(first))
    found.PatientID, found.StudyDate = "this-morning", ""
    found.StudyInstanceUID, found.SOPInstanceUID = generate_uid(), generate_uid()
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    return found


def test_a_scan_that_is_not_there_is_found_set_aside_and_let_in_on_the_page(
    service: Service, browser_page: Page, tmp_path: Path
) -> None:
    scan = report_without_a_day()
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
