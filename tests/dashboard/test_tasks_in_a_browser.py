"""What an oncologist, a coordinator and a data scientist come for every day, on patients of real trials.

Each is done in at most four clicks. Whoever looks for a scan that is not there needs a whole service, and is in
tests/journey/test_let_in.py.
"""

import io
import re
from collections.abc import Iterator

import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from scipy.stats import binomtest

from dashboard.patient.verdicts import written
from stream.settings import Settings
from stream.storage.database import connect
from tests.dashboard.browser import PATIENCE_MS, Person, served
from tests.dashboard.conftest import database
from tests.dashboard.trial import NOW, OTHER_TRIAL, TRIAL, Followed, fold_trial, followed

RECENT_DAYS = 60
"""A progression is news for as long as this."""


@pytest.fixture(scope="module")
def patients() -> list[Followed]:
    """The patients of the trials."""
    return followed()


@pytest.fixture(scope="module")
def trials(postgres: Settings, patients: list[Followed]) -> Iterator[str]:
    """Where the dashboard of a service answers that followed them."""
    settings = database(postgres, "dashboard_trials")
    with connect(settings, "worker") as connection:
        fold_trial(connection, patients)
    with served(settings) as base:
        yield base


def judged(of: Followed) -> list[str | None]:
    """A category of each visit after the first until the first progression, of the one target [RECIST 1.1, 4.3.1]."""
    sizes, said = [size for _, size in of.visits], []
    baseline = nadir = sizes[0]
    for size in sizes[1:]:
        if size is None or baseline is None:
            said.append(None)
            continue
        if size >= 1.2 * nadir and size - nadir >= 5:
            return [*said, "PD"]
        said.append("CR" if size == 0 else "PR" if size <= 0.7 * baseline else "SD")
        nadir = min(nadir, size)
    return said


@pytest.fixture
def responder(patients: list[Followed]) -> Followed:
    """A patient in partial response for three visits at least, none of them without a size."""
    return next(of for of in patients if judged(of)[-3:] == ["PR"] * 3 and None not in judged(of))


def test_an_oncologist_learns_whether_a_patient_responds_since_when_and_why(
    trials: str, browser_page: Page, responder: Followed
) -> None:
    somebody = _at_the_page_of(responder, trials, browser_page)
    (last, size), (first, baseline) = responder.visits[-1], responder.visits[0]
    began = responder.visits[1 + judged(responder).index("PR")][0]
    somebody.sees(f"Partial response by RECIST 1.1 at the visit of {written(last.date())} (line 1)")
    somebody.sees(f"The response began at the visit of {written(began.date())}.")
    share, less = round(100 * (baseline - size) / baseline), f"{baseline - size:g}"
    somebody.sees(re.compile(rf"−{share}\s% and {less}\smm under the baseline of {written(first.date())}"))
    somebody.sees("How did it respond, and why does it say so?")
    somebody.sees(re.compile(rf"{last:%Y-%m-%d}, line 1\. PR by RECIST 1\.1 .*below the baseline of {baseline:g} mm"))


def test_an_oncologist_takes_a_page_to_the_tumour_board(trials: str, browser_page: Page, responder: Followed) -> None:
    somebody = _at_the_page_of(responder, trials, browser_page)
    (page,) = PdfReader(io.BytesIO(somebody.takes("One page for the tumour board (PDF)"))).pages
    words = " ".join(page.extract_text().split())
    assert responder.patient in words
    assert "Partial response by RECIST 1.1 at the visit of" in words
    assert re.search(r"Progression within 6 months: \d+ % \(90 % interval \d+ to \d+ %\)", words)


def test_a_coordinator_sees_who_of_a_trial_needs_somebody_and_acknowledges_one(
    trials: str, browser_page: Page, patients: list[Followed]
) -> None:
    news = {of.patient for of in patients if of.trial == TRIAL and _has_just_progressed(of)}
    somebody = Person(browser_page, trials)
    somebody.choose("Trial", TRIAL)
    rows = browser_page.locator(".worklist tbody tr")
    expect(rows.filter(has_text=OTHER_TRIAL)).to_have_count(0, timeout=PATIENCE_MS)
    progressed = rows.filter(has_text="Just progressed").get_by_role("link")
    expect(progressed).to_have_count(len(news))
    assert set(progressed.all_inner_texts()) == news
    first = progressed.first.inner_text()
    somebody.click(rows.first.get_by_role("button", name="Acknowledge"))
    browser_page.get_by_label("Who are you?").fill("Kim")
    browser_page.get_by_label("What did you note?").fill("Called the site")
    somebody.click(browser_page.get_by_test_id("stForm").get_by_role("button", name="Acknowledge"))
    expect(progressed).to_have_count(len(news) - 1, timeout=PATIENCE_MS)
    assert first not in progressed.all_inner_texts()
    browser_page.get_by_label("Patient", exact=True).first.fill(first)
    expect(rows).to_have_count(1, timeout=PATIENCE_MS)
    expect(rows).to_contain_text("by Kim: Called the site")


def test_a_coordinator_compares_the_arms_and_takes_the_data_along(
    trials: str, browser_page: Page, patients: list[Followed]
) -> None:
    somebody = Person(browser_page, trials)
    somebody.go_to("Cohort")
    somebody.choose("Trial", TRIAL)
    somebody.choose("Compare by", "Arm")
    arms = pd.Series({of.patient: of.arm for of in patients if of.trial == TRIAL})
    for arm in sorted(set(arms)):
        of_arm = [judged(of) for of in patients if of.trial == TRIAL and of.arm == arm]
        _is_in_a_table(browser_page, _share(sum(bool({"CR", "PR"} & set(said)) for said in of_arm), len(of_arm)))
        somebody.sees(
            re.compile(rf"{arm}: {len(of_arm)} patients, \d+ progressed or died.* Median \d+\.\d months \(95")
        )
        somebody.sees(f"at risk: {arm}")
    table = pd.read_csv(io.BytesIO(somebody.takes("Table as CSV")))
    assert table.set_index("Patient").Arm.to_dict() == arms.to_dict()
    with_progression = {of.patient for of in patients if of.trial == TRIAL and "PD" in judged(of)}
    assert set(table.Patient[table["Progression (months)"].notna()]) == with_progression


def test_a_data_scientist_sees_whether_the_model_is_still_right_here(trials: str, browser_page: Page) -> None:
    somebody = Person(browser_page, trials)
    somebody.go_to("Models")
    somebody.sees(re.compile(r"On the whole its risks are .*: observed / expected \d\.\d\d \(\d\.\d\d to \d\.\d\d\)"))
    counts = browser_page.get_by_text(re.compile(r": [\d,]+ forecasts of \d+ patients made before")).inner_text()
    forecasts, of = re.search(r"([\d,]+) forecasts of (\d+) patients", counts).groups()
    table = pd.read_csv(io.BytesIO(somebody.takes("Forecasts and what followed as CSV")))
    lead = table[table.role == "lead"]
    assert (len(lead), lead.patient_id.nunique()) == (int(forecasts.replace(",", "")), int(of))
    somebody.choose("Trial", OTHER_TRIAL)
    somebody.sees("Too few to say: at least 10 patients with the event and 10 without it are needed.")


def _at_the_page_of(patient: Followed, address: str, page: Page) -> Person:
    """Somebody who types a part of the pseudonym and opens what is found."""
    somebody = Person(page, address)
    page.get_by_label("Patient", exact=True).first.fill(patient.patient[:9].lower())
    somebody.click(page.get_by_role("link", name=patient.patient))
    expect(page.get_by_role("heading", name=patient.patient)).to_be_visible(timeout=PATIENCE_MS)
    return somebody


def _has_just_progressed(of: Followed) -> bool:
    return "PD" in judged(of) and (NOW - of.visits[len(judged(of))][0]).days < RECENT_DAYS


def _share(having: int, total: int) -> str:
    """A share as the page writes it, with the exact interval of another library."""
    found = binomtest(having, total).proportion_ci(method="exact")
    low, high = (round(100 * end) for end in (found.low, found.high))
    return f"{having} of {total}: {round(100 * having / total)} % ({low} to {high} %)"


def _is_in_a_table(page: Page, cell: str) -> None:
    """In one of the tables of text."""
    expect(page.locator(".told td").filter(has_text=cell).first).to_be_visible(timeout=PATIENCE_MS)
