"""How long pages take at size: SQL of a refresh, first paint, filter and search in Chromium; small cohort and large.

`python -m benchmarks.pages [PATIENTS]` measures it: Postgres and the dashboard alone, 5,000 patients of four visits
unless said, beside 200.
"""

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.cohort import patient_id, receive_files, stand
from benchmarks.late import only_postgres
from dashboard.queries import ROLE
from dashboard.worklist_query import WorklistQuery
from stream.settings import Settings
from stream.storage.database import connect
from stream.storage.reading import cohort_pages, model_page, pages, patient_page, pipeline
from tests.dashboard.browser import FLAGS, served
from tests.programs import needs_program

FEW, MANY, TIMES = 200, 5_000, 10
PATIENT = patient_id(7)
ALL = WorklistQuery("", {})
REFRESH = {"rows": pages.WORKLIST.format(order=ALL.order()), "counts": pages.NEEDS, "choices": pages.CHOICES}
OF_PATIENT = patient_page.texts(of_a_moment=False)
VALUES = {"limit": 20, "offset": 0, "need": None, "patient": PATIENT, **ALL.filters()}
LINE = {"line": 1, "criterion": "RECIST 1.1"}
RISK = {"endpoint": "progression", "horizon_kind": "days", "horizon_days": 180}
ANYBODY = {"trial": None, "arm": None, "disease": None, **LINE, **RISK}
OF_ALL = {
    "files": pages.SERVICE,
    "scans by status": pages.REVISIONS,
    "throughput": pipeline.THROUGHPUT,
    "lines": cohort_pages.LINES,
    "what followed": model_page.FOLLOWED,
    "sizes": model_page.SIZES,
    "inputs": model_page.INPUTS,
}
SHOWN = {
    "/": ".worklist tbody tr",
    f"/patient?patient={PATIENT}": "[data-testid=stVegaLiteChart]",
    "/cohort": "[data-testid=stVegaLiteChart]",
    "/pipeline": "[data-testid=stMetric]",
    "/models": "[data-testid=stVegaLiteChart]",
}
"""By address what is there once the page is painted."""


class Times(NamedTuple):
    """Milliseconds of one thing, one after the other."""

    what: str
    taken: list[float]

    def __str__(self) -> str:
        p95 = sorted(self.taken)[round(0.95 * (len(self.taken) - 1))]
        return f"{self.what:44} p50 {statistics.median(self.taken):7.0f} ms   p95 {p95:7.0f} ms"


def of_sql(settings: Settings, queries: Mapping[str, str], values: Mapping[str, Any]) -> list[Times]:
    """Each query as the dashboard's role asks it."""
    with connect(settings, ROLE, timeouts=False) as connection:
        return [
            _times(f"SQL {name}", lambda query=query: connection.execute(query, values).fetchall())
            for name, query in queries.items()
        ]


def in_chromium(settings: Settings) -> list[Times]:
    """First paint of every page in a new tab, and of the worklist a filter and a search."""
    with served(settings) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs_program("chromium"), args=FLAGS)
        page = browser.new_page()
        found = [_times(f"first paint {path[:20]}", lambda path=path: _paint(page, base, path)) for path in SHOWN]
        _paint(page, base, "/")
        return [*found, _times("filter", lambda: _filter(page)), _times("search", lambda: _search(page))]


def _times(what: str, act: Callable[[], object]) -> Times:
    act()  # what is loaded once is loaded now
    taken = []
    for _ in range(TIMES):
        began = time.monotonic()
        act()
        taken.append(1000 * (time.monotonic() - began))
    return Times(what, taken)


def _paint(page: Page, base: str, path: str) -> None:
    page.goto(base + path)
    page.wait_for_selector(SHOWN[path])


def _filter(page: Page) -> None:
    """One need and then all again: half of what both take would be one."""
    pill = page.get_by_role("radio", name="Overdue").or_(page.get_by_role("button", name="Overdue"))
    shown = page.locator(".worklist td.need .strong").first
    pill.click()
    expect(shown).to_have_text("Overdue")
    pill.click()
    expect(shown).not_to_have_text("Overdue")


def _search(page: Page) -> None:
    """By Enter, as somebody does who pastes a pseudonym; then the field is emptied."""
    field = page.get_by_label("Patient", exact=True).first
    field.fill(PATIENT[3:12].lower())
    field.press("Enter")
    expect(page.locator(".worklist tbody tr")).to_have_count(1)
    field.fill("")
    field.press("Enter")
    expect(page.locator(".worklist tbody tr")).to_have_count(20)


def measure(settings: Settings) -> None:
    """Print all of it for the cohort that stands."""
    for times in (*of_sql(settings, REFRESH | OF_PATIENT, VALUES), *of_sql(settings, OF_ALL, ANYBODY)):
        print(times)
    for times in in_chromium(settings):
        print(times)


def main(patients: int) -> None:
    """A small cohort and a large one, each on a database of its own."""
    for count in (FEW, patients):
        with only_postgres() as settings:
            for _ in stand(settings, count):
                pass
            receive_files(settings)
            print(f"\n{count:,} patients")
            measure(settings)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY)
