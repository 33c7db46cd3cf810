import re

from stream.settings import Settings
from tests.dashboard.cohort import MARKUP, SQL
from tests.dashboard.conftest import Open, read


def test_files_and_scan_revisions_are_counted_apart(filled: Settings, open_page: Open) -> None:
    counts = [(metric.label, metric.value) for metric in open_page(filled, "pipeline").metric]
    assert counts[:4] == [("Accepted", "184"), ("Duplicate", "3"), ("Set aside", "5"), ("Pending", "1")]
    assert dict(counts[4:]) == {
        "Receiving": "0",
        "Measuring": "1",
        "Waiting": "0",
        "Applied": "182",
        "Superseded": "0",
        "Rejected": "0",
        "Retracted": "0",
        "Set aside": "1",
    }


def test_what_was_set_aside_says_why_and_what_to_do(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, "pipeline"))
    assert "4 without a decision" in words
    assert "One study, two patients" in words
    assert "Find out which patient is right; send it again under that one." in words


def test_markup_and_sql_in_a_reason_are_shown_as_text(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "pipeline")
    plain = [element.value for element in page.text]
    assert any(MARKUP in text for text in plain)
    assert any(SQL in text for text in plain)
    drawn = [element.value for kind in (page.markdown, page.caption, page.subheader) for element in kind]
    assert not any("<script" in text or "DROP TABLE" in text for text in drawn)


def test_the_latest_scans_say_how_far_they_came_and_why(filled: Settings, open_page: Open) -> None:
    table = open_page(filled, "pipeline").dataframe[0].value
    assert list(table["Status"][:2]) == ["Measuring", "Set aside"]
    assert table["Reason"][1] == MARKUP
    assert table["Complete because"][0] == "nothing came for a while (provisional)"


def test_what_is_not_used_is_counted_over_all_scans(filled: Settings, open_page: Open) -> None:
    table = open_page(filled, "pipeline").dataframe[1].value
    assert table.to_dict("records") == [
        {
            "Scans": 3,
            "Object": "Segmentation",
            "Code": "SCT:12738006",
            "Meaning": "Brain",
            "Why it is not used": "an organ, not a lesion",
        }
    ]


def test_the_page_says_when_something_last_arrived(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, "pipeline"))
    assert "Last file 2 hours ago (" in words
    assert re.search(r"Last timeline moved \d+ days ago \(\d{4}-\d\d-\d\d \d\d:\d\d\)", words)


def test_an_empty_pipeline_is_drawn_too(empty: Settings, open_page: Open) -> None:
    words = read(open_page(empty, "pipeline"))
    assert "No file has arrived yet." in words
    assert "Nothing is set aside." in words
    assert "Accepted 0" in words
