"""Reading one CSV table: cells by column name, what counts as missing, and errors that name file and line."""

import csv
import datetime as dt
import math
from pathlib import Path

MISSING = {"", "na", "n/a", "nan", "none", "null", "not evaluable", "not done", "too small to measure"}
FLAGS = {"1": True, "0": False, "1.0": True, "0.0": False, "true": True, "false": False, "yes": True, "no": False}


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
    """Rows of a CSV file with a column `patient_id`; no rows where the file is missing and not `needed`."""
    if not path.is_file():
        if needed:
            raise UnusableTable(f"{path} is missing.")
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines, restval="")
            if "patient_id" not in [name.strip().lower() for name in table.fieldnames or ()]:
                raise UnusableTable(f"{path} has no column patient_id.")
            return [row for line, cells in enumerate(table, start=2) if (row := _row(path, line, cells))["patient_id"]]
    except UnicodeDecodeError:
        raise UnusableTable(f"{path} is not in UTF-8: save it as CSV in UTF-8.") from None
    except csv.Error:
        raise UnusableTable(f"{path} is not a CSV table: save it as CSV in UTF-8.") from None


def column_names(path: Path) -> list[str]:
    """Names of the columns of a CSV file as rows have them; none where the file is missing or has no columns."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        return [name for cell in next(csv.reader(lines), []) if (name := cell.strip().lower())]


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
    """The cell as a date, written YYYY-MM-DD; raises UnusableTable otherwise."""
    text = row.first(column)
    try:
        return dt.date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise UnusableTable(f"{row.where}: {text!r} in {column} is no date; write YYYY-MM-DD.") from None


def flag(row: Row, column: str) -> bool | None:
    """The cell as yes or no; raises UnusableTable otherwise."""
    text = row.first(column)
    if text is None:
        return None
    if text.lower() not in FLAGS:
        raise UnusableTable(f"{row.where}: {text!r} in {column} is neither 1 nor 0.")
    return FLAGS[text.lower()]


def _row(path: Path, line: int, cells: dict[str | None, object]) -> Row:
    row = Row({name.strip().lower(): str(cell).strip() for name, cell in cells.items() if name is not None})
    row.where = f"{path.name} line {line}"
    return row
