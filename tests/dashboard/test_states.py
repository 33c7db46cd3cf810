"""Each page in each state that a service goes through, and what it says then; away and frozen: test_all_pages."""

import datetime as dt
from collections.abc import Callable, Mapping

import psycopg
import pytest

from stream.services.facts.identity_events import IdentityEvent, accept_identity
from stream.services.folding.reconcile import Reconciler
from tests.dashboard.conftest import Open, read
from tests.database import Database
from tests.services.accepted_facts import apply_identity, fold_each, forecasters, lung

PATIENT, OTHER = f"P{'STATES':A<26}", f"P{'OTHER':A<26}"
MARKUP = "Unit <b>furlong</b> of Longest Diameter is not known."


def nothing(database: Database) -> None:
    """As it is installed."""


def one_visit(database: Database) -> None:
    fold_each(database.connect(), [lung(PATIENT, "first", 0, 30.0)])


def set_aside_only(database: Database) -> None:
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute(
            """INSERT INTO core.set_asides (item_id, sha256, reason_code, reason, set_aside_at, patient_id, row_sha256)
            VALUES ('one', 'abc', 'unknown_unit', %s, %s, %s, '')""",
            (MARKUP, dt.datetime(2026, 3, 12, 9, 30, tzinfo=dt.UTC), PATIENT),
        )


def visits(database: Database) -> None:
    fold_each(database.connect(), [lung(PATIENT, str(day), day, 30.0 - day / 10) for day in (0, 60, 120)])


def weights_that_no_longer_lead(database: Database) -> None:
    visits(database)
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("DELETE FROM core.leads")


def visits_and_a_file_set_aside(database: Database) -> None:
    visits(database)
    set_aside_only(database)


EXPECTED: Mapping[Callable[[Database], None], Mapping[str, str]] = {
    nothing: {
        "worklist": "No scan has arrived yet.",
        "patient": "Patient unknown",
        "cohort": "No patient has a visit yet.",
        "pipeline": "No file has arrived yet. No timeline has moved yet.",
        "models": "0 forecasts of 0 patients",
    },
    one_visit: {
        "worklist": "baseline",
        "patient": "There is no visit after it yet, so there is no response.",
        "cohort": "Of nobody there is a change yet.",
        "pipeline": "Last timeline moved just now",
        "models": "Too few to say",
    },
    set_aside_only: {
        "worklist": "1 file set aside",
        "patient": "Nothing of this patient counts yet: what came was set aside.",
        "cohort": "No patient has a visit yet.",
        "pipeline": "1 cause.",
        "models": "0 forecasts of 0 patients",
    },
    visits: {
        "worklist": "PR, partial response",
        "patient": "Partial response by RECIST 1.1",
        "cohort": "1 patient, line 1 of therapy, judged by RECIST 1.1.",
        "pipeline": "Nothing is set aside.",
        "models": "Too few to say",
    },
    weights_that_no_longer_lead: {
        "worklist": "PR, partial response",
        "patient": "Nothing is forecast.",
        "cohort": "1 patient, line 1 of therapy",
        "pipeline": "Nothing is set aside.",
        "models": "stands by",
    },
    visits_and_a_file_set_aside: {
        "worklist": "set aside",
        "patient": "Set aside: 1 message (unknown unit). See Pipeline.",
        "cohort": "1 patient, line 1 of therapy",
        "pipeline": "1 cause.",
        "models": "Too few to say",
    },
}


@pytest.mark.parametrize("state", EXPECTED, ids=lambda state: state.__name__)
def test_every_page_says_what_there_is_to_say(
    database: Database, open_page: Open, state: Callable[[Database], None]
) -> None:
    state(database)
    told = {page: read(open_page(database.settings, page, patient=PATIENT)) for page in EXPECTED[state]}
    assert [page for page, words in EXPECTED[state].items() if words not in told[page]] == [], told


def test_of_a_patient_whose_files_all_wait_the_page_says_why_and_leads_to_where_one_decides(
    database: Database, open_page: Open
) -> None:
    set_aside_only(database)
    page = open_page(database.settings, "patient", patient=PATIENT.lower())
    words = read(page)
    assert page.title[0].value == PATIENT
    assert f"{MARKUP}\n1 message, 2026-03-12 09:30" in words
    assert "Report the value in mm, cm, ml or cm3 and send it again." in words
    assert [link.proto.query_string for link in page.get("page_link")][1:] == ["item=one"]
    assert not any("<b>" in element.value for element in (*page.markdown, *page.caption))
    then = read(open_page(database.settings, "patient", patient=PATIENT, as_of="2026-03-11"))
    assert "By the end of 11 March 2026 nothing had arrived" in then


def test_who_asks_for_a_patient_that_was_merged_is_led_to_the_other_one(database: Database, open_page: Open) -> None:
    visits(database)
    connection = database.connect()
    fold_each(connection, [lung(OTHER, "other", 60, 29.0)])
    accept_identity(connection, IdentityEvent("registered twice", "merge", OTHER, PATIENT, None, "anna", "one person"))
    apply_identity(connection, Reconciler(connection, forecasters()))
    page = open_page(database.settings, "patient", patient=OTHER)
    assert f"all that came under this pseudonym counts with {PATIENT}." in read(page)
    assert f"patient={PATIENT}" in [link.proto.query_string for link in page.get("page_link")]
    assert page.title[0].value == OTHER and "Nothing is forecast" not in read(page)
