"""A table as people's programs write it: other separators and decimals, gaps, and what must not be guessed."""

import datetime as dt
from pathlib import Path

import pytest

from models.tables.csv_table import UnusableTable, column_names, date, number, read_table


def written(folder: Path, text: str) -> Path:
    path = folder / "measurements.csv"
    path.write_bytes(text.encode())
    return path


def test_a_spreadsheet_in_german_writes_the_same_table(tmp_path: Path) -> None:
    path = written(
        tmp_path, "\ufeffdate;lesion;patient_id;size\r\n10.01.2025;links, unten;A;32,5\r\n;;;\r\n1.3.2025;L2;A;20\r\n"
    )
    rows = read_table(path)
    assert column_names(path) == ["date", "lesion", "patient_id", "size"]
    assert [date(row, "date") for row in rows] == [dt.date(2025, 1, 10), dt.date(2025, 3, 1)]
    assert [number(row, "size") for row in rows] == [32.5, 20.0]
    assert rows[0]["lesion"] == "links, unten"


def test_a_line_has_the_number_that_an_editor_shows(tmp_path: Path) -> None:
    rows = read_table(written(tmp_path, "patient_id,size\n\nA,1\n,\n\nB,2\n"))
    assert [row.where for row in rows] == ["measurements.csv line 3", "measurements.csv line 6"]


WRONG = {
    "the ID only in the first row of a patient": ("patient_id,size\nA,1\n,2\n", "line 3: patient_id is empty"),
    "a decimal comma between commas": ("patient_id,size\nA,32,5\n", "line 2: more cells than columns"),
    "a column twice": ("patient_id,size,Size\nA,1,2\n", "has the column size twice"),
    "thousands or thousandths": ("patient_id;size\nA;1.030\n", "line 2: '1.030' in size may be 1030 or 1,030"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_would_become_another_number_or_nobodys_is_refused(case: str, tmp_path: Path) -> None:
    text, said = WRONG[case]
    with pytest.raises(UnusableTable, match=said):
        read_table(written(tmp_path, text))


@pytest.mark.parametrize("day", ["2025-03-20", "20250320", "20.03.2025", "2025-03-20T08:30", "20.03.2025 00:00"])
def test_a_day_is_read_as_programs_write_it(day: str, tmp_path: Path) -> None:
    (row,) = read_table(written(tmp_path, f"patient_id,date\nA,{day}\n"))
    assert date(row, "date") == dt.date(2025, 3, 20)


@pytest.mark.parametrize("day", ["31.02.2025", "01/02/2025", "2025-03-20 or later", "2025-3-2", "1.1.25"])
def test_a_day_that_is_none_or_can_be_read_in_two_ways_is_refused(day: str, tmp_path: Path) -> None:
    (row,) = read_table(written(tmp_path, f"patient_id,date\nA,{day}\n"))
    with pytest.raises(UnusableTable, match=f"line 2: '{day}' in date is no date; write YYYY-MM-DD"):
        date(row, "date")
