"""`python -m dashboard.patient.export PATIENT FOLDER --csv --pdf`: writes the files of a patient, prints their names.

`scanstream export` starts it by this name, with complete settings in its environment.
"""

import argparse
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from dashboard.exporting import plain_endings, write
from dashboard.patient.board_page import board_page
from dashboard.patient.case import PatientCase
from dashboard.patient.growth import latest_growth
from dashboard.patient.key_slices import latest_key_slices
from dashboard.patient.tables import csv_files
from dashboard.queries import reader
from stream.settings import standing_settings


def main() -> None:
    """The files that are asked for."""
    parser = argparse.ArgumentParser(prog="export")
    parser.add_argument("patient")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--csv", action="store_true")
    parser.add_argument("--pdf", action="store_true")
    parser.add_argument("--as-of", type=dt.date.fromisoformat)
    asked = parser.parse_args()
    with plain_endings():
        with reader() as source:
            case = PatientCase.read(source, asked.patient, standing_settings().zone, asked.as_of)
            page = board_page(case, latest_key_slices(source, case), latest_growth(source, case)) if asked.pdf else None
        for name, content in _files(case, asked.csv, page):
            write(asked.folder, name, content)


def _files(case: PatientCase, csv: bool, page: bytes | None) -> Iterator[tuple[str, bytes]]:
    if csv:
        for name, text in csv_files(case):
            yield name, text.encode("utf-8-sig")
    if page is not None:
        yield f"{case.patient}.pdf", page


main()
