"""What a page of ours tells the browser before Streamlit's script asks for it, seen in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from stream.settings import load_settings
from tests.dashboard.browser import served


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard without a database: its pages say so."""
    with served(load_settings(data_dir=tmp_path_factory.mktemp("beforehand"))) as base:
        yield base


@pytest.mark.parametrize("path", ["/", "/pipeline", "/patient?patient=PA"])
def test_a_page_waits_for_no_answer_before_it_opens_its_websocket_and_asks_for_nothing_that_is_not_there(
    browser_page: Page, base: str, path: str
) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.route("**/_stcore/health", lambda _: None)  # never answered
    browser_page.goto(base + path)
    browser_page.get_by_test_id("stTopNavLink").first.wait_for()
    assert {url for url in asked if "_stcore" in url and not url.startswith(f"{base}/_stcore")} == set()


def test_where_no_database_was_ever_started_a_page_says_that_it_does_not_answer(browser_page: Page, base: str) -> None:
    browser_page.goto(base)
    browser_page.get_by_text("The database does not answer at the moment.").wait_for()


def test_no_other_site_has_a_say_in_a_page(browser_page: Page, base: str) -> None:
    browser_page.goto(base)
    assert browser_page.evaluate("window.__streamlit.HOST_CONFIG.allowedOrigins") == [base]
