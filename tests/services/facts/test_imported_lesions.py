"""What tables say of lesions, lines of therapy and criteria: findings as a report's, and refused where it cannot be."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from models.criteria.finding import LesionFinding, from_json
from models.tables.csv_table import UnusableTable
from stream.dicom.pseudonyms import Pseudonyms
from stream.services.facts.clinical import ImportedVisit, Treatment, accept_visits
from stream.services.facts.importing import ImportedPatient, Importer
from stream.storage.database import Connection
from stream.timeline.digest import digest
from tests.data import shared_data
from tests.database import Database
from tests.services.accepted_facts import accept, assert_sound, day

NAMES = Pseudonyms(b"k" * 32)
LESIONS = "patient_id,date,lesion,body_site,target,node,longest_diameter_mm,short_axis_mm,volume_ml\n"
PLAIN = "patient_id,date,longest_diameter_mm,raw_text\n"


@pytest.fixture
def worker(database: Database) -> Connection:
    return database.connect()


class Tables:
    """Writes tables, and reads them as an import does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def patient(self, **tables: str) -> ImportedPatient:
        for name, text in tables.items():
            (self.folder / f"{name}.csv").write_text(text)
        (one,) = Importer(NAMES, "NORTH", ZoneInfo("Europe/Berlin"), "", dt.date(2026, 11, 23)).read(self.folder)
        return one

    def visit(self, measurements: str) -> ImportedVisit:
        (one,) = self.patient(measurements=measurements).visits
        return one

    def finding(self, measurements: str) -> LesionFinding:
        (one,) = self.visit(measurements).measured.findings
        return one


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


Said = tuple[str, str | None, bool, float | None, float | None, float | None]
ROWS: dict[str, tuple[str, Said]] = {
    "a target": ("T1,Lung,1,0,20,,", ("measured", "target", False, 20.0, None, None)),
    "a non-target": ("T1,Lung,0,0,20,,", ("measured", "non_target", False, 20.0, None, None)),
    "no mark": ("T1,Lung,,,20,8,1.5", ("measured", None, False, 20.0, 8.0, 1.5)),
    "a node": ("T1,Lung,,1,,12,", ("measured", None, True, None, 12.0, None)),
    "gone": ("T1,Lung,,,0,,", ("gone", None, False, 0.0, None, None)),
    "a node gone": ("T1,Lung,,1,20,0,", ("gone", None, True, 20.0, 0.0, None)),
    "too small": ("T1,Lung,1,0,too small to measure,,", ("too_small", "target", False, None, None, None)),
    "not evaluated": ("T1,Lung,1,0,not evaluable,,", ("not_evaluated", "target", False, None, None, None)),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_a_lesion_is_a_finding(tables: Tables, row: str) -> None:
    written, expected = ROWS[row]
    one = tables.finding(f"{LESIONS}A,2026-03-01,{written}\n")
    sizes = one.long_axis_mm, one.short_axis_mm, one.volume_ml
    assert (one.state.value, one.role and one.role.value, one.node, *sizes) == expected
    uid = NAMES.lesion_uid_without_tracking(NAMES.patient_id("NORTH", "A"), "T1")
    assert (one.lesion_uid, one.label, one.organ, one.source) == (uid, "T1", "lung", "import")


def test_rows_of_one_lesion_on_one_day_are_one_finding(tables: Tables) -> None:
    one = tables.finding(f"{LESIONS}A,2026-03-01,T1,Lung,1,,20,,\nA,2026-03-01,T1,Lung,,,,8,\n")
    assert (one.role, one.long_axis_mm, one.short_axis_mm) == ("target", 20.0, 8.0)


@pytest.mark.parametrize(
    ("row", "state", "mm"),
    [
        ("64,", "measured", 64.0),
        (",TOO SMALL TO MEASURE", "too_small", None),
        (",NOT EVALUABLE", "not_evaluated", None),
    ],
)
def test_a_table_that_names_no_lesion_is_about_one_target(
    tables: Tables, row: str, state: str, mm: float | None
) -> None:
    one = tables.finding(f"{PLAIN}A,2026-03-01,{row}\n")
    assert (one.state, one.role, one.long_axis_mm, one.label) == (state, "target", mm, "target")
    assert one.lesion_uid == NAMES.lesion_uid_without_tracking(NAMES.patient_id("NORTH", "A"), "target")


def test_a_stated_sum_is_of_no_lesion(tables: Tables, worker: Connection) -> None:
    visit = tables.visit("patient_id,date,sum_of_diameters_mm,bpe_percent\nA,2026-03-01,57.5,20\n")
    assert visit.measured.findings == ()
    accept(worker, visit)
    assert worker.execute("SELECT lesions, stated_sum_mm FROM core.findings").fetchall() == [([], 57.5)]


def test_the_immunotherapy_trials_have_one_target_per_patient(tables: Tables) -> None:
    lines = (shared_data() / "immunotherapy" / "measurements.csv").read_text().splitlines(keepends=True)
    visits = tables.patient(
        measurements="".join(line for line in lines if "FIR-90ada77db0" in line or line == lines[0]),
        clinical="patient_id,baseline_date\nFIR-90ada77db0,2020-01-10\n",
    ).visits
    assert {one.lesion_uid for visit in visits for one in visit.measured.findings} == {
        NAMES.lesion_uid_without_tracking(visits[0].received_as, "target")
    }
    assert [[one.state.value for one in visit.measured.findings] for visit in visits][:4] == [
        *([["measured"]] * 3),
        ["not_evaluated"],
    ]


def test_tables_that_say_no_more_than_values_are_what_they_were(tables: Tables, worker: Connection) -> None:
    visit = tables.visit(f"{PLAIN}A,2026-03-01,64,\n")
    accept(worker, visit)
    stored = worker.execute("SELECT instances_sha256 FROM core.revisions").fetchone()
    assert stored == (digest([["longest_diameter", 64.0, None]]).hex(),)


@pytest.mark.parametrize(
    "changed",
    ["T1,Lung,0,0,5,,", "T1,Lung,1,1,5,,", "T1,Lung,1,0,too small to measure,,"],
    ids=["role", "node", "state"],
)
def test_what_changes_without_a_value_is_a_new_revision(tables: Tables, worker: Connection, changed: str) -> None:
    first = tables.visit(f"{LESIONS}A,2026-03-01,T1,Lung,1,0,5,,\n")
    accept(worker, first)
    assert accept_visits(worker, [first], day(0)) == []
    second = tables.visit(f"{LESIONS}A,2026-03-01,{changed}\n")
    accept(worker, second)
    rows = worker.execute("SELECT revision, lesions FROM core.findings ORDER BY 1").fetchall()
    assert [(revision, from_json(lesion)) for revision, (lesion,) in rows] == [
        (1, first.measured.findings[0]),
        (2, second.measured.findings[0]),
    ]
    assert_sound(worker)


def test_the_line_of_a_treatment_is_kept_and_a_changed_one_is_a_new_revision(
    tables: Tables, worker: Connection
) -> None:
    def treatment(line: str) -> Treatment:
        (one,) = tables.patient(
            treatments=f"patient_id,start_date,name,kind,line\nA,2026-02-01,X,drug,{line}\n"
        ).treatments
        return one

    for line in ("", "1", "2", "2"):
        accept(worker, treatment(line))
    assert worker.execute("SELECT revision, line FROM core.treatments ORDER BY 1").fetchall() == [
        (1, None),
        (2, 1),
        (3, 2),
    ]
    assert_sound(worker)


@pytest.mark.parametrize("line", ["0", "-1", "1.5", "second", "1e9"])
def test_a_line_that_cannot_be_is_refused_with_its_place(tables: Tables, line: str) -> None:
    with pytest.raises(UnusableTable, match=f"treatments.csv line 2: '{line}' is no possible value of line"):
        tables.patient(treatments=f"patient_id,start_date,name,line\nA,2026-02-01,X,{line}\n")


def test_the_criterion_of_a_patient_is_a_clinical_fact_or_refused(tables: Tables) -> None:
    written = "iRECIST; RANO 2.0"
    assert tables.patient(clinical=f"patient_id,criterion\nA,{written}\n").clinical == {"criterion": written}
    with pytest.raises(UnusableTable, match="clinical.csv line 2: 'recist' in criterion is none of RECIST 1.1"):
        tables.patient(clinical="patient_id,criterion\nA,RECIST 1.1;recist\n")
