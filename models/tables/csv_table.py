"""Reading one CSV table: cells by column name, what counts as missing, and errors that name file and line."""

import csv
import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

MISSING = {"", "na", "n/a", "nan", "none", "null", "not evaluable", "not done", "too small to measure"}
FLAGS = {"1": True, "0": False, "1.0": True, "0.0": False, "true": True, "false": False, "yes": True, "no": False}

DECIMAL_COMMA, THOUSANDS = re.compile(r"[+-]?\d+,\d+"), re.compile(r"[1-9]\d{0,2}(\.\d{3})+")
ISO_DAY, TIME_OF_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}"), re.compile(r"[T ]\d{1,2}:.*")
DOTTED_DAY = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})$")
"""Dots stand between day, month and year in this order only; slashes in two orders."""

NAMING = frozenset({"patient_id", "lesion", "lesion_uid", "lesion_label"})
"""What stands in these columns is a name, even where it looks like a number."""


class UnusableTable(ValueError):
    """A folder, file, column or value cannot be used: one sentence that names it."""


class Row(dict[str, str]):
    """Cells by column name, blanks trimmed, "" where missing; `where` names file and line."""

    where: str = ""

    def first(self, *columns: str) -> str | None:
        """The first of these cells that is not missing."""
        for name in columns:
            cell = self.get(name)
            if cell and cell.lower() not in MISSING:
                return cell
        return None


def read_table(path: Path, needed: bool = False) -> list[Row]:
    """Rows of a CSV file with a column `patient_id`; no rows where the file is missing and not `needed`.

    Where semicolons stand between the cells, numbers may have a decimal comma: a spreadsheet writes one with the other.
    Raises UnusableTable where a row with values names no patient, or holds more than the columns do: it may be another
    patient's, or a number cut in two.
    """
    if not path.is_file():
        if needed:
            raise UnusableTable(f"{path} is missing.")
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            table = _table(lines)
            _check_columns(path, table.fieldnames or ())
            # line_num: lines without cells count too
            rows = [_row(f"{path.name} line {table.line_num}", table.reader.dialect.delimiter, one) for one in table]
            return [row for row in rows if row]
    except UnicodeDecodeError:
        raise UnusableTable(f"{path} is not in UTF-8: save it as CSV in UTF-8.") from None
    except csv.Error:
        raise UnusableTable(f"{path} is not a CSV table: save it as CSV in UTF-8.") from None


def column_names(path: Path) -> list[str]:
    """Names of the columns of a CSV file as rows have them; none where the file is missing or has no columns."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        return [name for cell in _table(lines).fieldnames or () if (name := cell.strip().lower())]


def number(row: Row, *columns: str, at_least: float = -math.inf) -> float | None:
    """The first of these cells that is given, as a finite number of `at_least`; raises UnusableTable otherwise."""
    text = row.first(*columns)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < at_least:
        raise UnusableTable(f"{row.where}: {text!r} is no possible value of {columns[0]}.")
    return value


def date(row: Row, column: str) -> dt.date | None:
    """The cell as a date, written YYYY-MM-DD or DD.MM.YYYY; a time of day after it is left out. Else UnusableTable."""
    text = row.first(column)
    if text is None:
        return None
    day = TIME_OF_DAY.sub("", text)
    year_first = DOTTED_DAY.sub(lambda found: f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}", day)
    if ISO_DAY.fullmatch(year_first):
        with suppress(ValueError):
            return dt.date.fromisoformat(year_first)
    raise UnusableTable(f"{row.where}: {text!r} in {column} is no date; write YYYY-MM-DD.")


def flag(row: Row, column: str) -> bool | None:
    """The cell as yes or no; raises UnusableTable otherwise."""
    text = row.first(column)
    if text is None:
        return None
    if text.lower() not in FLAGS:
        raise UnusableTable(f"{row.where}: {text!r} in {column} is neither 1 nor 0.")
    return FLAGS[text.lower()]


def _table(lines: TextIO) -> "csv.DictReader[str]":
    """The file as a table; its first line says what stands between the cells."""
    separator = ";" if ";" in lines.readline() else ","
    lines.seek(0)
    return csv.DictReader(lines, restval="", delimiter=separator)


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    names = [name for column in columns if (name := column.strip().lower())]
    if "patient_id" not in names:
        raise UnusableTable(f"{path} has no column patient_id.")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UnusableTable(f"{path} has the column {twice} twice.")


def _row(where: str, separator: str, cells: Mapping[str | None, str | list[str]]) -> Row:
    """One row; an empty one where it has no cell with anything in it."""
    if any(cells.get(None, ())):
        raise UnusableTable(f"{where}: more cells than columns. A cell with {separator!r} in it needs quotation marks.")
    row = Row({name.strip().lower(): str(cell).strip() for name, cell in cells.items() if name is not None})
    row.where = where
    if not any(row.values()):
        return Row()
    if not row["patient_id"]:
        raise UnusableTable(f"{where}: patient_id is empty. Write it in every row.")
    if separator == ";":
        row.update({name: _with_point(row, name) for name in row.keys() - NAMING})
    return row


def _with_point(row: Row, column: str) -> str:
    """A number with a decimal comma as one with a point; UnusableTable where its point may part off thousands."""
    cell = row[column]
    if THOUSANDS.fullmatch(cell):
        either = f"{cell.replace('.', '')} or {cell.replace('.', ',')}"
        raise UnusableTable(f"{row.where}: {cell!r} in {column} may be {either}: write one of these.")
    return cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell
