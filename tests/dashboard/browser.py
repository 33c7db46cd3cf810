"""The dashboard served as the service serves it, and a page of Chromium to look at it with."""

import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from stream.endpoints import free_port
from stream.settings import Settings
from tests.programs import needs_program
from tests.waiting import wait_until

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
]
PATIENCE_MS = 30_000


MOST_CLICKS = 4
"""For one of the tasks that people come with every day."""


class Person:
    """Somebody who opens the bare address of the dashboard, was told nothing, and whose clicks are counted.

    Typing, Enter and scrolling are no clicks.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.clicks = page, 0
        page.goto(address)

    def click(self, what: Locator) -> None:
        """Press it; the fifth time is once too often."""
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS, "nobody looks any further"
        what.click()

    def go_to(self, name: str) -> None:
        """To another page, by the bar above."""
        self.click(self.page.get_by_test_id("stTopNavLink").filter(has_text=name))
        expect(self.page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=PATIENCE_MS)

    def choose(self, label: str, option: str) -> None:
        """One of the options of a box, by its first letters and Enter."""
        box = self.page.get_by_role("combobox", name=label).first
        self.click(box)
        box.fill(option)
        box.press("Enter")

    def sees(self, words: str | re.Pattern[str]) -> None:
        """It is there, wherever one has to scroll to."""
        expect(self.page.get_by_text(words).first).to_be_visible(timeout=PATIENCE_MS)

    def waits(self) -> None:
        """Until the page has come to rest."""
        app = self.page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)

    def takes(self, button: str) -> bytes:
        """What a button downloads."""
        self.waits()
        with self.page.expect_download() as download:
            self.click(self.page.get_by_role("button", name=button))
        return Path(download.value.path()).read_bytes()


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Where the dashboard of `settings` answers, started as the service starts it."""
    settings = settings.model_copy(update={"dashboard_port": free_port()})
    process = subprocess.Popen([sys.executable, "-m", "dashboard", "--host", "127.0.0.1"], env=settings.environment())
    base = f"http://127.0.0.1:{settings.dashboard_port}"
    try:
        wait_until(lambda: _answers(f"{base}/_stcore/health"))
        yield base
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests of a file: it takes longer to start than most pages to open."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs_program("chromium"), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium: Browser) -> Iterator[Page]:
    """A page of 1280 px in Chromium, which knows nothing of other tests' pages."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    yield page
    page.close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False
