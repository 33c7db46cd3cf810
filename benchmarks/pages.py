"""How long pages take at size: SQL of a refresh, first paint, filter and search in Chromium; small cohort and large.

`python -m benchmarks.pages [PATIENTS]` measures it: Postgres and the dashboard alone with 200 patients of four visits,
with 5,000 unless said, and as many again in a whole service beside live traffic.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.cohort import patient_id, receive_files, stand
from benchmarks.late import only_postgres
from benchmarks.latency import TRAFFIC_PER_SECOND, traffic
from benchmarks.processes import cores
from dashboard.queries import ROLE
from dashboard.worklist_query import WorklistQuery
from stream.settings import Settings
from stream.storage.database import connect
from stream.storage.reading import cohort_pages, model_page, pages, patient_page, pipeline
from tests.dashboard.browser import FLAGS, served
from tests.journey.service import Service
from tests.programs import needs_program

FEW, MANY, TIMES = 200, 5_000, 20
STEADY_SECONDS = 30.0
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
IS_SHOWN = "selector => document.querySelector(selector)?.getClientRects().length > 0"
"""Asked at every frame: what waits for a selector looks every half second only, after the first quarter of one."""


class Times(NamedTuple):
    """Milliseconds of one thing, one after the other."""

    what: str
    taken: list[float]

    def __str__(self) -> str:
        p95 = sorted(self.taken)[round(0.95 * (len(self.taken) - 1))]
        return f"{self.what:44} p50 {statistics.median(self.taken):7.0f} ms   p95 {p95:7.0f} ms"


def of_sql(settings: Settings, queries: Mapping[str, str], values: Mapping[str, Any], keep_plans: bool) -> list[Times]:
    """Each query as the dashboard asks it: with `keep_plans` the plan of one that is asked often is kept."""
    prepare = None if keep_plans else False
    with connect(settings, ROLE, timeouts=False) as connection:
        return [
            _times(f"SQL {name}", lambda query=query: connection.execute(query, values, prepare=prepare).fetchall())
            for name, query in queries.items()
        ]


def in_chromium(base: str) -> Iterator[Times]:
    """First paint of every page in a new tab of the dashboard at `base`, and of the worklist a filter and a search."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs_program("chromium"), args=FLAGS)
        page = browser.new_page()
        for path in SHOWN:
            yield _times(f"first paint {path[:20]}", lambda path=path: _paint(page, base, path))
        for what, change in (("filter", _filter), ("search", _search)):
            _paint(page, base, "/")
            there = cycle((True, False))
            yield _times(what, lambda change=change, there=there: change(page, next(there)))


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
    page.wait_for_function(IS_SHOWN, arg=SHOWN[path])


def _filter(page: Page, chosen: bool) -> None:
    """One need, or all again."""
    page.get_by_role("radio", name="Overdue").or_(page.get_by_role("button", name="Overdue")).click()
    first = expect(page.locator(".worklist td.need .strong").first)
    (first.to_have_text if chosen else first.not_to_have_text)("Overdue")


def _search(page: Page, chosen: bool) -> None:
    """By Enter, as somebody does who pastes a pseudonym; or the field is emptied."""
    field = page.get_by_label("Patient", exact=True).first
    field.fill(PATIENT[3:12].lower() if chosen else "")
    field.press("Enter")
    expect(page.locator(".worklist tbody tr")).to_have_count(1 if chosen else 20)


def measure(settings: Settings) -> None:
    """Print all of it for the cohort that stands, with a dashboard of its own."""
    for times in of_sql(settings, REFRESH | OF_PATIENT, VALUES, keep_plans=True):
        print(times)
    for times in of_sql(settings, OF_ALL, ANYBODY, keep_plans=False):
        print(times)
    with served(settings) as base:
        for times in in_chromium(base):
            print(times, flush=True)


def beside_traffic(patients: int) -> None:
    """Print what Chromium takes while other patients' reports come in and are folded."""
    with _whole_service() as service:
        _receive(service.settings, patients)
        with traffic(service, service.settings.data_dir / "traffic", TRAFFIC_PER_SECOND):
            print(f"\n{patients:,} patients, beside {TRAFFIC_PER_SECOND} scans/s")
            for part, taken in cores(service, STEADY_SECONDS).items():
                print(f"{part:12} {taken:4.2f} of a core", flush=True)
            for times in in_chromium(f"http://127.0.0.1:{service.settings.dashboard_port}"):
                print(times, flush=True)


@contextmanager
def _whole_service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="scanstream-bench-") as folder:
        service = Service(Path(folder))
        try:
            service.start()
            yield service
        finally:
            service.end()


def _receive(settings: Settings, patients: int) -> None:
    for _ in stand(settings, patients):
        pass
    receive_files(settings)


def main(patients: int) -> None:
    """A small cohort and a large one, each on a database of its own."""
    for count in (FEW, patients):
        with only_postgres() as settings:
            _receive(settings, count)
            print(f"\n{count:,} patients")
            measure(settings)
    beside_traffic(patients)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY)
