"""The pictures in docs/, of the demo's simulated patients: `make pictures ADDRESS=http://127.0.0.1:8501`."""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.programs import needs_program

DOCS = Path(__file__).parents[2] / "docs"
WIDTH, HEIGHT = 1280, 1000
MOST_BYTES = 150_000
"""Of a picture: the repository stays small."""


def main(address: str) -> None:
    """Write worklist, patient and cohort as they look at `address`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs_program("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        patient = page.get_by_role("row").filter(has_text="Forecast worse").get_by_role("link").first
        name = patient.inner_text()
        _write(page, "dashboard.png")
        _open(page, f"{address}/patient?patient={name}", "What else is known?", name)
        _write(page, "patient.png")
        _open(page, f"{address}/cohort?in_trial=LUNG-1&compare=Arm", "Who is in it?", "How far did the tumours shrink?")
        _write(page, "cohort.png")
        browser.close()


def _open(page: Page, address: str, last: str, top: str) -> None:
    """Wait for the `last` heading, and scroll until `top` stands above."""
    page.goto(address)
    page.get_by_role("heading", name=last).wait_for()
    page.get_by_role("heading", name=top).evaluate("heading => heading.scrollIntoView()")
    page.get_by_test_id("stVegaLiteChart").locator("svg").first.wait_for()


def _write(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    # few colours are needed, of which the rare ones must not be lost
    picture.quantize(256, Image.Quantize.MAXCOVERAGE).save(DOCS / name, optimize=True)
    size = (DOCS / name).stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{name} has {size:,} bytes, more than {MOST_BYTES:,}.")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
