import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from dashboard.rows import WorklistRow
from dashboard.worklist_rows import table_row
from dashboard.worklist_words import change, exact, moved
from stream.settings import Settings
from tests.dashboard.cohort import BRAIN, BREAST, GROWING, MARKUP
from tests.dashboard.conftest import Open, patients, read, table_rows
from tests.dashboard.scans import pseudonym
from tests.database import Database
from tests.services.accepted_facts import DAY_0, fold_each, lung

NOW = dt.datetime.now(dt.UTC)
NOTHING = WorklistRow(**dict.fromkeys(WorklistRow._fields))


def recent(patient: str, name: str, days_ago: float, diameter_mm: float) -> object:
    """A visit some days before today."""
    return lung(patient, name, (NOW - DAY_0).total_seconds() / 86400 - days_ago, diameter_mm)


def test_every_patient_is_on_the_worklist_once(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    first = patients(page)
    second = patients(page.pagination[0].set_value(2).run())
    assert sorted(first + second) == sorted(pseudonym(number) for number in range(36))


def test_a_row_says_risk_interval_days_and_how_fresh_it_is(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, search=GROWING))
    assert "83 %, 90 % interval 76 to 92 %" in words
    assert "Progression within 6 months" in words
    assert "+14 points worse" in words
    assert "high is bad" in words
    assert "47 days ago" in words


@pytest.mark.parametrize("part", [BREAST[4:12], BREAST[4:12].lower()])
def test_a_patient_is_found_by_a_part_of_the_pseudonym(filled: Settings, open_page: Open, part: str) -> None:
    page = open_page(filled)
    page.text_input(key="search").set_value(part).run()
    assert patients(page) == [BREAST]


def test_a_search_for_nobody_says_so(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    page.text_input(key="search").set_value("'; DROP TABLE core.forecasts; --").run()
    assert "No patient matches" in read(page)
    assert not page.exception


def test_a_filter_can_be_set_while_a_later_page_is_open(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    page.pagination[0].set_value(2).run()
    page.selectbox(key="endpoint").set_value("pcr").run()
    assert not page.exception
    assert sorted(patients(page)) == sorted(pseudonym(number) for number in range(24, 32))


def test_the_address_holds_filters_and_order(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, disease="lung", by="risk")
    risks = [row["bar"]["risk"] for row in table_rows(page) if row["bar"]]
    assert risks == sorted(risks, reverse=True)
    assert {words[0][0] for words in (row["cells"]["disease"] for row in table_rows(page))} == {"lung, line 1"}


def test_who_has_no_forecast_is_still_listed_with_the_reason(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, search=BRAIN)
    assert patients(page) == [BRAIN]
    assert "No model applies" in read(page)


def test_a_scan_on_its_way_is_told_before_any_counts(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, search=pseudonym(35)))
    assert "1 scan on the way" in words
    assert "none counts yet" in words


def test_a_provisional_forecast_is_marked(filled: Settings, open_page: Open) -> None:
    assert "provisional" in read(open_page(filled, search=pseudonym(3)))


def test_who_has_just_progressed_comes_first_with_the_reason_until_somebody_has_seen_it(
    database: Database, open_page: Open
) -> None:
    course = [recent("PD", "a", 90, 30.0), recent("PD", "b", 40, 24.0), recent("PD", "c", 2, 36.0)]
    fold_each(database.connect(), [*course, recent("PC", "a", 60, 30.0), recent("PC", "b", 1, 31.0)])
    page = open_page(database.settings)
    assert patients(page)[0] == "PD"
    words = read(page)
    assert "Just progressed" in words
    assert f"+50 % and 12 mm over the nadir of {NOW - dt.timedelta(days=40):%Y-%m-%d}" in words
    database.connect("dashboard").execute("SELECT scanstream.acknowledge('PD', 'Dr B', %s)", [MARKUP])
    said = table_rows(page.run())
    assert [row["new"] for row in said if row["patient"] == "PD"] == [False]
    needs = [text for row in said for text, _ in row["cells"]["need"]]
    assert f"seen just now by Dr B: {MARKUP}" in needs
    assert "Just progressed" not in needs


def test_what_nobody_signs_is_not_acknowledged(database: Database) -> None:
    fold_each(database.connect(), [recent("PD", "a", 9, 30.0)])
    for patient, who, note in (("PD", " ", "seen"), ("PD", "me", ""), ("nobody", "me", "seen")):
        with pytest.raises(Exception, match="Say who you are|Nothing is known"):
            database.connect("dashboard").execute("SELECT scanstream.acknowledge(%s, %s, %s)", [patient, who, note])
    assert database.connect("migrator").execute("SELECT count(*) FROM core.audit").fetchone() == (0,)


@pytest.mark.parametrize(
    ("percent", "more", "words"),
    [
        (38.2, 12.1, "+38 % and 12 mm over"),
        (19.97, 9.0, "+19.97 % and 9 mm over"),
        (24.4, 4.96, "+24 % and 4.96 mm over"),
        (-30.4, -9.0, "\N{MINUS SIGN}30 % and 9 mm under"),
        (0.2, 0.1, "as at"),
    ],
)
def test_no_rounded_number_seems_to_be_beyond_a_limit(percent: float, more: float, words: str) -> None:
    assert change(percent, more, "mm") == words
    assert (float(exact(percent)) >= 20) == (percent >= 20)


def test_before_the_first_scan_the_worklist_says_how_to_send_one(empty: Settings, open_page: Open) -> None:
    words = read(open_page(empty))
    assert "No scan has arrived yet" in words
    assert f"storescu -R -nh -aec SCANSTREAM 127.0.0.1 {empty.dicom_port}" in words


@pytest.mark.parametrize(
    ("points", "words"), [(-0.046, "−4.6 points"), (-0.054, "−5 points"), (0.0497, "+4.97 points"), (0.01, "+1 point")]
)
def test_a_change_that_does_not_reach_the_limit_of_a_need_never_reads_as_if_it_did(points: float, words: str) -> None:
    assert moved(points) == words.replace("−", "\N{MINUS SIGN}")


@pytest.mark.parametrize(
    ("more", "unit", "words"), [(0.42, "ml", "0.4 ml"), (0.03, "ml", "less than 0.1 ml"), (0.4, "mm", "0.4 mm")]
)
def test_a_small_tumour_that_grew_did_not_grow_by_nothing(more: float, unit: str, words: str) -> None:
    assert change(14.0, more, unit) == f"+14 % and {words} over"


def test_a_forecast_without_an_end_that_is_stale_says_when_the_next_scan_was_due() -> None:
    """Where progression is answered no scan is overdue, and the end of treatment has no day."""
    row = NOTHING._replace(
        patient_id=BREAST, need="overdue", stale=True, due_at=dt.datetime(2012, 10, 6, tzinfo=dt.UTC)
    )
    said = [words for words, _ in table_row(row, NOW, ZoneInfo("UTC")).cells["need"]]
    assert said == ["Overdue", "The next scan was expected by 2012-10-06"]
