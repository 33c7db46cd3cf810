import datetime as dt
import re
from html import escape

import pytest
from streamlit.testing.v1 import AppTest

from stream.settings import Settings
from stream.storage.database import connect
from stream.storage.intake.refusals import Refusal, count_refusals
from stream.storage.last_verify import note_verify
from tests.dashboard.cohort import MARKUP, SQL
from tests.dashboard.conftest import Open, read, told_table
from tests.dashboard.scans import pseudonym
from tests.database import Database


def test_files_and_scan_revisions_are_counted_apart(filled: Settings, open_page: Open) -> None:
    counts = [(metric.label, metric.value) for metric in open_page(filled, "pipeline").metric]
    assert counts[8:] == [("Accepted", "187"), ("Duplicate", "3"), ("Set aside", "5"), ("Pending", "1")]
    assert dict(counts[:8]) == {
        "Receiving": "0",
        "Measuring": "1",
        "Waiting": "0",
        "Applied": "185",
        "Superseded": "0",
        "Rejected": "0",
        "Retracted": "0",
        "Set aside": "1",
    }


def test_what_was_set_aside_says_why_and_what_to_do(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, "pipeline"))
    assert "4 causes" in words
    assert "One study, two patients" in words
    assert "Find out which patient is right; send it again under that one." in words
    assert pseudonym(35) in words, "whose it is, where a scan of it is known"


def test_markup_and_sql_in_a_reason_are_shown_as_text(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "pipeline")
    plain = [element.value for element in page.text]
    assert any(MARKUP in text for text in plain)
    assert any(SQL in text for text in plain)
    drawn = [element.value for kind in (page.markdown, page.caption, page.subheader) for element in kind]
    assert not any("<script" in text or "DROP TABLE" in text for text in drawn)


def test_the_latest_scans_say_how_far_they_came_and_why(filled: Settings, open_page: Open) -> None:
    table = told_table(open_page(filled, "pipeline"), "Scans")
    assert list(table["Status"][:2]) == ["Measuring", "Set aside"]
    assert table["Reason"][1] == escape(MARKUP)
    assert table["Complete because"][0] == "nothing came for a while (provisional)"


def test_what_is_not_used_is_counted_over_all_scans(filled: Settings, open_page: Open) -> None:
    table = told_table(open_page(filled, "pipeline"), "In how many scans each was found")
    assert table.to_dict("records") == [
        {
            "Scans": "3",
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


def test_a_scan_is_found_by_a_part_of_its_patient_and_says_when_it_took_each_hop(
    filled: Settings, open_page: Open
) -> None:
    page = open_page(filled, "pipeline", words=pseudonym(35)[3:12].lower(), status="Set aside")
    assert list(told_table(page, "Scans")["Patient"]) == [pseudonym(35)]
    (hop,) = told_table(page, "Its revisions, hop by hop").to_dict("records")
    assert (hop["From"], hop["Status"], hop["Counts since"]) == ("PACS", "Set aside", "")
    assert hop["Complete"] == hop["Measured"] >= hop["First file"] > ""


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"sender": "PACS", "modality": "MR"}, 9),
        ({"until": "2020-01-01"}, 0),
        ({"scan_page": "8", "words": "%"}, 12),
        ({"words": "PNOBODY"}, 0),
    ],
)
def test_what_is_asked_of_scans_is_in_the_address(
    filled: Settings, open_page: Open, asked: dict[str, str], found: int
) -> None:
    page = open_page(filled, "pipeline", **asked)
    if found:
        assert len(told_table(page, "Scans")) == found
    else:
        assert "No scan is like that." in read(page)


def test_what_was_decided_is_shown_where_that_is_asked_for(filled: Settings, open_page: Open) -> None:
    words = read(open_page(filled, "pipeline", reason="Same instance, other content", decided="true"))
    assert "rejected by someone" in words
    assert "Nothing of this kind is set aside." in read(
        open_page(filled, "pipeline", reason="Same instance, other content")
    )


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()


def test_a_decision_needs_a_name_and_a_reason_and_then_waits_for_the_gateway(filled: Settings, open_page: Open) -> None:
    page = open_page(filled, "pipeline", item="item-000")
    page.radio(key="decision").set_value("rejected")
    press(page, "Log the decision")
    assert "Say who decides" in read(page)
    page.text_input(key="decider").set_value("**Anna**")
    press(page, "Log the decision")
    assert "a decision needs its reason" in read(page)
    page.text_input(key="because").set_value("a phantom")
    press(page, "Log the decision")
    assert "**Anna** wants it rejected" in "\n".join(text.value for text in page.text)
    with connect(filled, "auditor") as connection:
        said = connection.execute("SELECT who, what, why FROM core.audit WHERE subject = 'item-000'").fetchall()
    assert said == [("**Anna**", "want reject of set-aside", "a phantom")]


def test_the_page_says_what_the_last_verify_found(filled: Settings, open_page: Open) -> None:
    assert "Never checked" in read(open_page(filled, "pipeline"))
    with connect(filled, "worker") as connection:
        note_verify(connection, dt.datetime.now(dt.UTC), 5.0, ["I5"])
        failed = open_page(filled, "pipeline")
        note_verify(connection, dt.datetime.now(dt.UTC), 100.0, [])
    assert "5 % of the rows, by chance. These do not hold: I5." in failed.error[0].value
    assert "all rows: everything holds." in read(open_page(filled, "pipeline"))


def test_who_was_not_let_in_is_told_with_why_and_how_often(database: Database, open_page: Open) -> None:
    now = dt.datetime.now(dt.UTC)
    count_refusals(database.connect("gateway"), [Refusal("CT9", "10.9.9.9", "address", "Not from there.", 3, now, now)])
    table = told_table(open_page(database.settings, "pipeline"), "Not let in")
    assert table[["Sender", "Address", "Why", "Times"]].to_dict("records") == [
        {"Sender": "CT9", "Address": "10.9.9.9", "Why": "Not from there.", "Times": "3"}
    ]
