"""`python -m dashboard.patient.export PATIENT FOLDER --csv --pdf`: writes the files of a patient, prints their names.

`scanstream export` starts it by this name, with complete settings in its environment.
"""

import argparse
import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path

from dashboard.patient.board_page import board_page
from dashboard.patient.case import PatientCase
from dashboard.patient.tables import csv_files
from dashboard.queries import DatabaseAway, reader
from stream.settings import load_settings


def main() -> None:
    """Exit 1 with a sentence where the database does not answer or a file cannot be written."""
    parser = argparse.ArgumentParser(prog="export")
    parser.add_argument("patient")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--csv", action="store_true")
    parser.add_argument("--pdf", action="store_true")
    parser.add_argument("--as-of", type=dt.date.fromisoformat)
    asked = parser.parse_args()
    try:
        with reader() as source:
            case = PatientCase.read(source, asked.patient, load_settings().zone, asked.as_of)
        asked.folder.mkdir(parents=True, exist_ok=True)
        for name, content in _files(case, asked.csv, asked.pdf):
            (asked.folder / name).write_bytes(content)
            print(asked.folder / name)
    except (DatabaseAway, OSError) as error:
        sys.exit(str(error))


def _files(case: PatientCase, csv: bool, pdf: bool) -> Iterator[tuple[str, bytes]]:
    if csv:
        for name, text in csv_files(case):
            yield name, text.encode("utf-8-sig")
    if pdf:
        yield f"{case.patient}.pdf", board_page(case)


main()
