"""The page of a cohort: who is in it by the address, what it says of few, of one and of nobody."""

import csv
import subprocess
import sys
from html import escape
from pathlib import Path

from stream.services.facts.clinical import ImportedVisit
from stream.settings import Settings
from tests.dashboard.conftest import Open, read, told_table
from tests.database import Database
from tests.services.accepted_facts import Fact, fold_each, lung

MARKUP_ARM = "<b>Arm</b> **A** [x](http://x)"


def visits(patient: str, *sizes: float) -> list[ImportedVisit]:
    return [lung(patient, str(number), 60.0 * number, size) for number, size in enumerate(sizes)]


def trial() -> list[Fact]:
    """Six patients: of arm A two respond, of whom one is confirmed; of arm B one grows, one is not followed yet."""
    of_arms: dict[str, tuple[str, tuple[float, ...]]] = {
        "PA": (MARKUP_ARM, (30.0, 20.0, 19.0)),
        "PB": (MARKUP_ARM, (30.0, 20.0)),
        "PC": (MARKUP_ARM, (30.0, 29.0)),
        "PD": ("B", (30.0, 45.0)),
        "PE": ("B", (30.0, 31.0)),
        "PF": ("B", (30.0,)),
    }
    return [
        fact
        for patient, (arm, sizes) in of_arms.items()
        for fact in ((patient, {"trial": "ONE", "arm": arm}), *visits(patient, *sizes))
    ]


def test_the_page_counts_who_responds_and_says_who_could_not_be_evaluated(database: Database, open_page: Open) -> None:
    fold_each(database.connect(), trial())
    page = open_page(database.settings, "cohort")
    (row,) = told_table(page, "Response rates").to_dict("records")
    assert row == {
        "Group": "All together",
        "Patients": "6",
        "Objective response": "2 of 6: 33 % (4 to 78 %)",
        "Confirmed": "1 of 6: 17 % (&lt; 1 to 64 %)",
        "Disease control": "4 of 6: 67 % (22 to 96 %)",
    }
    best = told_table(page, "Best responses").set_index("Best response")
    assert best.loc[["Partial response", "Stable disease"]].to_numpy().tolist() == [["2", "1"], ["2", "3"]]
    words = read(page)
    assert "With confirmation: a response that was not seen again counts as stable disease" in words
    assert "6 patients, line 1 of therapy, judged by RECIST 1.1." in words
    assert "1 patient not evaluable: There is no scan after the baseline yet." in words
    assert "All together: 6 patients, 1 progressed or died, 5 had not when last seen. Median not reached" in words
    assert len(page.get("vega_lite_chart")) == 4

    page.segmented_control(key="time").set_value("Overall survival").run()
    assert "No death is known" in read(page)
    page.selectbox(key="compare").set_value("Arm").run()
    shares = told_table(page, "Response rates").set_index("Arm")["Objective response"]
    assert shares.to_dict() == {escape(MARKUP_ARM): "2 of 3: 67 % (9 to &gt; 99 %)", "B": "0 of 3: 0 % (0 to 71 %)"}
    drawn = [element.value for kind in (page.markdown, page.caption, page.subheader) for element in kind]
    assert not any("<b>" in text for text in drawn)


def test_the_address_says_who_is_in_it(database: Database, open_page: Open) -> None:
    fold_each(database.connect(), trial())
    page = open_page(database.settings, "cohort", in_trial="ONE", in_arm="B")
    assert page.selectbox(key="in_arm").value == "B"
    table = page.dataframe[-1].value
    assert list(table["Patient"]) == ["PD", "PE", "PF"]
    assert list(table["Page"]) == ["patient?patient=PD", "patient?patient=PE", "patient?patient=PF"]
    assert "Too few to say: a curve needs at least 5 patients." in read(page)


def test_one_patient_without_a_scan_after_the_baseline_is_drawn_too(database: Database, open_page: Open) -> None:
    fold_each(database.connect(), visits("PF", 30.0))
    words = read(open_page(database.settings, "cohort"))
    assert "1 patient, line 1 of therapy" in words
    assert "Of nobody a sum was measured both at the baseline and after it." in words
    assert "Of nobody there is a change yet." in words


def test_before_the_first_visit_the_page_says_so(empty: Settings, open_page: Open) -> None:
    assert "No patient has a visit yet." in read(open_page(empty, "cohort", line="7", in_trial="none such"))


def test_export_writes_the_lines_that_are_asked_for_and_no_cell_that_is_a_formula(
    database: Database, tmp_path: Path
) -> None:
    fold_each(database.connect(), [("PG", {"trial": "ONE", "arm": "=1+2"}), *visits("PG", 30.0, 20.0), *trial()])

    def export(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stream", "export", "cohort", "--csv", "--to", str(tmp_path), *words]
        return subprocess.run(command, env=database.settings.environment(), capture_output=True, text=True)

    nobody = export("--trial", "TWO")
    assert (nobody.returncode, nobody.stdout, list(tmp_path.iterdir())) == (1, "", [])
    ended = export("--trial", "ONE", "--line", "1")
    assert ended.stdout == f"{tmp_path}/cohort.csv\n", ended.stderr
    with (tmp_path / "cohort.csv").open(encoding="utf-8-sig") as text:
        rows = {row["patient_id"]: row for row in csv.DictReader(text)}
    view = database.connect("reader").execute("SELECT patient_id, best_response FROM scanstream.line_outcome")
    assert {patient: row["best_response"] for patient, row in rows.items()} == {
        patient: best or "" for patient, best in view.fetchall()
    }
    assert rows["PG"]["arm"] == "'=1+2"


def test_a_table_below_a_figure_travels_once_it_is_opened(database: Database, open_page: Open) -> None:
    fold_each(database.connect(), trial())
    page = open_page(database.settings, "cohort")
    closed = [table.value for table in page.dataframe]
    page.session_state["spider-table-box"] = True
    opened = [table.value for table in page.run().dataframe]
    assert not any("Verdict" in table for table in closed)
    assert len(next(table for table in opened if "Verdict" in table)) > 1
