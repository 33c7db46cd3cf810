"""The columns of tables that an import reads: what else people keep there stays there, and is named.

A registry's export may hold addresses, telephone numbers and remarks. Nothing of these becomes a clinical fact unless
somebody asks for the column by its name.
"""

from collections.abc import Collection
from pathlib import Path

from models.features import IMAGE_NAMES
from models.tables.csv_table import column_names
from models.tables.patient_tables import (
    CLINICAL,
    COLUMNS,
    LESION_COLUMNS,
    MEASUREMENTS,
    OUTCOMES,
    TABLES,
    TREATMENTS,
)
from stream.errors import WrongUse
from stream.services.facts.clinical import CODED

IDENTIFYING = frozenset({"patient_id", "mrn", "name", "patient_name", "birth_date", "date_of_birth"})
"""Columns of clinical.csv that say who somebody is: they go to the vault or nowhere."""
FREE = frozenset({"disease", "trial", "arm", "criterion"})
READ = {
    CLINICAL: IDENTIFYING | CODED | FREE,
    TREATMENTS: frozenset(
        {"patient_id", "start_date", "start_day", "end_date", "end_day", "name", "kind", "line", "withdrawn"}
    ),
    OUTCOMES: frozenset(
        {"patient_id", "endpoint", "date", "day", "event", "pcr", "surgery_date", "surgery_day", "withdrawn"}
    ),
    MEASUREMENTS: frozenset(
        {"patient_id", "date", "day", "disease", "trial", "arm", "body_site", "target", "node", "raw_text"}
    ).union(*COLUMNS.values(), LESION_COLUMNS, IMAGE_NAMES),
}
"""By table; of `raw_text`, as of any cell, only the words "too small to measure"."""


def left_out(folder: Path, keep: Collection[str]) -> list[str]:
    """Table and name of each column in `folder` that is not read, in the order of the tables."""
    return [
        f"{table} {column}"
        for table in TABLES
        for column in column_names(folder / table)
        if column not in READ[table] and not (table == CLINICAL and column in keep)
    ]


def check_kept(folder: Path, keep: Collection[str]) -> None:
    """Raise WrongUse where a column that is to be kept is none of clinical.csv, or says who somebody is."""
    if identifying := sorted(IDENTIFYING.intersection(keep)):
        raise WrongUse(f"{identifying[0]} says who a patient is: it goes to the vault and is no clinical fact.")
    if missing := sorted(set(keep) - set(column_names(folder / CLINICAL))):
        raise WrongUse(f"{folder / CLINICAL} has no column {missing[0]}.")
