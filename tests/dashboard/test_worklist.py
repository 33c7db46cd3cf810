from stream.settings import Settings
from tests.dashboard.cohort import BRAIN, BREAST, GROWING
from tests.dashboard.conftest import Open, patients, read
from tests.dashboard.scans import pseudonym


def test_every_patient_is_on_the_worklist_once(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    first = patients(page)
    second = patients(page.pagination[0].set_value(2).run())
    assert sorted(first + second) == sorted(pseudonym(number) for number in range(36))


def test_the_largest_change_for_the_worse_comes_first_whatever_direction_is_bad(
    filled: Settings, open_page: Open
) -> None:
    page = open_page(filled)
    changes = [words.split()[0] for words in read(page).split("\n") if "points worse" in words]
    sizes = [int(change.lstrip("+\N{MINUS SIGN}")) for change in changes]
    assert sizes == sorted(sizes, reverse=True)
    assert {change[0] for change in changes} == {"+", "\N{MINUS SIGN}"}  # a falling chance of response is worse too


def test_a_row_says_risk_interval_direction_and_how_fresh_it_is(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    page.text_input(key="search").set_value(GROWING).run()
    words = read(page)
    assert patients(page) == [GROWING]
    assert "within 6 months" in words
    assert "83 %" in words
    assert "76 to 92 %" in words
    assert "+14 points worse" in words
    assert "high is bad" in words
    assert "47 days ago" in words


def test_a_patient_is_found_by_a_part_of_the_pseudonym_in_small_letters(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    page.text_input(key="search").set_value(BREAST[4:12].lower()).run()
    assert patients(page) == [BREAST]


def test_a_search_for_nobody_says_so(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    page.text_input(key="search").set_value("'; DROP TABLE core.forecasts; --").run()
    assert "No patient matches" in read(page)
    assert not page.exception


def test_one_forecast_can_be_chosen_while_a_later_page_is_open(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    page.pagination[0].set_value(2).run()
    page.selectbox(key="forecast").set_value("Pathologic complete response at the end of treatment").run()
    assert not page.exception
    assert sorted(patients(page)) == sorted(pseudonym(number) for number in range(24, 32))


def test_who_has_no_forecast_is_still_listed_with_the_reason(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    page.text_input(key="search").set_value(BRAIN).run()
    assert patients(page) == [BRAIN]
    assert "no model applies" in read(page)


def test_a_provisional_forecast_is_marked(filled: Settings, open_page: Open) -> None:
    page = open_page(filled)
    page.text_input(key="search").set_value(pseudonym(3)).run()
    assert "provisional" in read(page)


def test_before_the_first_scan_the_worklist_says_how_to_send_one(empty: Settings, open_page: Open) -> None:
    words = read(open_page(empty))
    assert "No scan has arrived yet" in words
    assert f"storescu -R -nh -aec SCANSTREAM 127.0.0.1 {empty.dicom_port}" in words
