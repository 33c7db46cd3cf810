"""Tables of one patient, written as people write them and read as an import does."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from stream.dicom.pseudonyms import Pseudonyms
from stream.services.facts.imported_patient import ImportedPatient
from stream.services.facts.importing import Importer

BERLIN = ZoneInfo("Europe/Berlin")
NAMES = Pseudonyms(b"k" * 32)
TODAY = dt.date(2026, 11, 23)
CLINICAL = "patient_id,disease,baseline_date,treatment_start,age\nA,Lung,2026-01-10,2026-01-12,61\n"
VISITS = "patient_id,day,longest_diameter_mm\nA,0,40\nA,42,31\nA,90,36\n"
TREATMENT = "patient_id,start_day,end_day,name,kind\nA,2,,Pembrolizumab,drug\n"


class Tables:
    """Writes tables into a folder, and reads them as an import does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **tables: str) -> Path:
        """`clinical="patient_id,…"` becomes clinical.csv; returns the folder."""
        for name, text in tables.items():
            (self.folder / f"{name}.csv").write_text(text)
        return self.folder

    def known(self, keep: Iterable[str] = (), **tables: str) -> ImportedPatient:
        """What is known of the only patient in `tables`; `keep`: more columns of clinical.csv that are facts."""
        importer = Importer(NAMES, "NORTH", BERLIN, "", TODAY, keep=frozenset(keep))
        (one,) = importer.read(self.write(**tables))
        return one
