"""What tables say becomes facts: on the right day, of the right patient, once; and a bad table changes nothing."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from models.features import IMAGES, MEASUREMENTS
from models.tables.csv_table import UnusableTable, read_table
from stream.dicom.pseudonyms import Pseudonyms
from stream.endpoints import free_port, kafka_servers
from stream.errors import WrongUse
from stream.publisher import ensure_topics
from stream.services.accepting.received_files import accept as receive
from stream.services.facts.importing import ImportedPatient, Importer
from stream.services.folding.reconcile import Reconciler
from stream.settings import Settings
from stream.storage.intake.unfinished import unseen_patients
from stream.storage.patients.vault import find_patient
from stream.wiring.importing import import_folder
from stream.wiring.pseudonyms import pseudonyms
from tests.data import shared_data
from tests.database import Database
from tests.journey.topics import messages
from tests.services.accepted_facts import assert_sound, forecasters
from tests.services.receipts import described, received

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

    def known(self, **tables: str) -> ImportedPatient:
        """What is known of the only patient in `tables`."""
        (one,) = Importer(NAMES, "NORTH", BERLIN, "", TODAY).read(self.write(**tables))
        return one


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def test_a_day_counts_from_the_baseline_date_and_a_treatment_by_day_stands_at_its_end(tables: Tables) -> None:
    known = tables.known(clinical=CLINICAL, measurements=VISITS, treatments=TREATMENT)
    days = [dt.datetime(2026, *day, tzinfo=BERLIN) for day in ((1, 10), (2, 21), (4, 10))]
    assert [visit.acquired_at for visit in known.visits] == days
    (treatment,) = known.treatments
    assert treatment.start_at == dt.datetime(2026, 1, 12, tzinfo=BERLIN)
    assert treatment.at == dt.datetime(2026, 1, 12, 23, 59, 59, 999999, tzinfo=BERLIN)


def test_without_a_baseline_date_days_count_from_the_start_of_treatment(tables: Tables) -> None:
    known = tables.known(clinical="treatment_start,patient_id\n2026-02-01,A\n", measurements=VISITS)
    assert known.visits[0].acquired_at.date() == dt.date(2026, 2, 1)


def test_a_visit_is_a_scan_named_by_patient_and_date(tables: Tables) -> None:
    known = tables.known(measurements="date,longest_diameter,patient_id\n2026-03-01,12,A\n")
    assert known.patient_id == NAMES.patient_id("NORTH", "A")
    assert known.visits[0].scan_uid == NAMES.import_uid(known.patient_id, dt.date(2026, 3, 1))


@pytest.mark.parametrize(("day", "reason"), [(",30", "no_date"), ("2031-01-01,", "impossible_date"), (",", "no_date")])
def test_a_visit_that_cannot_be_placed_is_set_aside_and_the_rest_goes_on(tables: Tables, day: str, reason: str) -> None:
    known = tables.known(measurements=f"patient_id,date,day,volume\nA,{day},1\nA,2026-02-02,,3\n")
    assert [aside.reason_code for aside in known.asides] == [reason]
    assert known.patient_id in known.asides[0].reason
    assert len(known.visits) == 1


def test_rows_of_one_day_are_one_visit_and_each_lesion_keeps_its_name_as_in_a_report(tables: Tables) -> None:
    known = tables.known(
        measurements="patient_id,date,lesion,body_site,longest_diameter_mm\n"
        "A,2026-03-01,Target 1,Lung,20\nA,2026-03-01,Target 2,Lung,10\n"
    )
    found = {one.lesion_label: one.lesion_uid for one in known.visits[0].measured.measurements}
    assert found == {
        label: NAMES.lesion_uid_without_tracking(known.patient_id, label) for label in ("Target 1", "Target 2")
    }
    assert known.visits[0].disease == "lung"


def test_the_lesion_of_a_tracking_uid_is_the_one_that_reports_speak_of(tables: Tables) -> None:
    known = tables.known(measurements="patient_id,date,lesion_uid,volume\nA,2026-03-01,1.2.3.4.5,20\n")
    (found,) = known.visits[0].measured.measurements
    assert found.lesion_uid == NAMES.lesion_uid("1.2.3.4.5")
    assert "1.2.3.4.5" not in found.lesion_label


def test_a_label_that_names_the_patient_stays_outside(tables: Tables) -> None:
    known = tables.known(measurements="patient_id,date,lesion,volume\nMRN-77,2026-03-01,mrn-77 left,20\n")
    (found,) = known.visits[0].measured.measurements
    assert found.lesion_label == f"lesion-{found.lesion_uid[-6:]}"


def test_a_label_that_holds_the_patients_name_in_any_writing_stays_outside(tables: Tables) -> None:
    known = tables.known(
        clinical="patient_id,name\nA,Müller^Jane\n",
        measurements="patient_id,date,lesion,body_site,volume\nA,2026-03-01,J. MUELLER left,Lung,20\n",
    )
    (found,) = known.visits[0].measured.measurements
    assert (found.lesion_label, found.body_site) == (f"lesion-{found.lesion_uid[-6:]}", "lung")


def test_who_a_patient_is_goes_to_the_vault_and_not_among_the_facts(tables: Tables) -> None:
    known = tables.known(clinical="patient_id,name,birth_date,hr\nA,Doe^Jane,1950-05-23,1\n")
    assert (known.name, known.birth_date) == ("Doe^Jane", dt.date(1950, 5, 23))
    assert known.clinical == {"hr": "1"}


def test_the_trial_tells_the_disease_where_the_patient_does_not(tables: Tables) -> None:
    known = tables.known(measurements="trial,patient_id,date,longest_diameter_mm\nIMvigor210,A,2026-01-01,30\n")
    assert known.visits[0].disease == "bladder"


def test_outcomes_come_by_endpoint_or_as_told_at_surgery(tables: Tables) -> None:
    by_endpoint = tables.known(clinical=CLINICAL, outcomes="patient_id,endpoint,day,event\nA,Progression,30,1\n")
    assert [(one.endpoint, one.at.date(), one.event) for one in by_endpoint.outcomes] == [
        ("progression", dt.date(2026, 2, 9), True)
    ]
    at_surgery = tables.known(outcomes="patient_id,surgery_date,pcr\nA,2026-05-01,0\n")
    assert [(one.endpoint, one.event) for one in at_surgery.outcomes] == [("pcr", False)]


BAD = {
    "a size below zero": ({"measurements": "patient_id,date,volume\nA,2026-01-01,-2\n"}, "measurements.csv line 2"),
    "a wrong date": ({"treatments": "patient_id,start_date,name\nA,soon,X\n"}, "line 2: 'soon' in start_date"),
    "an end before the start": (
        {"treatments": "patient_id,start_date,end_date,name\nA,2026-02-01,2026-01-01,X\n"},
        "treatments.csv line 2: end_date",
    ),
    "no column for the day": ({"treatments": "patient_id,name\nA,X\n"}, "has no column start_date or start_day"),
    "no patients": ({"clinical": "id,age\nA,4\n"}, "clinical.csv has no column patient_id"),
    "a day beyond the calendar": (
        {"clinical": CLINICAL, "measurements": "patient_id,day,volume\nA,9e9,1\n"},
        "measurements.csv line 2",
    ),
    "an event that is neither": ({"outcomes": "patient_id,endpoint,event\nA,death,maybe\n"}, "in event"),
    "no table at all": ({}, "holds none of"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_that_cannot_be_used_is_named_with_its_line(tables: Tables, case: str) -> None:
    written, told = BAD[case]
    with pytest.raises(UnusableTable, match=told.replace(".", r"\.")) as refused:
        tables.known(**written)
    assert "\n" not in str(refused.value)


Import = Callable[[Path], dict[str, int]]


@pytest.fixture
def importing(services: Settings, database: Database) -> Import:
    """The import as the command runs it, on this test's database and the session's Kafka."""
    ensure_topics(kafka_servers(database.settings), database.settings.partitions)
    return lambda folder: import_folder(database.settings, folder, "NORTH", "coordinator", "first tables")


def folded(database: Database) -> list[str]:
    """Fold what waits, as a worker does that was rung or sweeps; returns the patients concerned."""
    worker = database.connect()
    waiting = {row[0] for row in worker.execute("SELECT DISTINCT received_as FROM core.scans").fetchall()}
    waiting |= set(unseen_patients(worker, dt.datetime.now(dt.UTC)))
    folds = Reconciler(worker, forecasters()).patients(waiting)
    return sorted(one.patient_id for one in folds)


def test_importing_the_same_again_changes_nothing(tables: Tables, database: Database, importing: Import) -> None:
    folder = tables.write(clinical=CLINICAL, measurements=VISITS, treatments=TREATMENT)
    first, again = importing(folder), importing(folder)
    assert first == {"patients": 1, "treatments": 1, "outcomes": 0, "visits": 3, "set_aside": 0, "changed_timelines": 1}
    assert again == first | {"changed_timelines": 0}
    assert len(folded(database)) == 1
    assert folded(database) == []
    assert_sound(database.connect())


def test_how_a_lesion_looks_comes_along_and_is_a_new_revision_where_it_changes(
    tables: Tables, database: Database, importing: Import
) -> None:
    looks = VISITS.replace("_mm\n", "_mm,texture_contrast\n").replace("40\n", "40,31.5\n").replace("1\n", "1,\n")
    folder = tables.write(clinical=CLINICAL, measurements=looks)
    importing(folder)
    folded(database)
    query = "SELECT revision, feature_version, x ->> 'texture_contrast' FROM scanstream.timepoint ORDER BY acquired_at"
    reader = database.connect("reader")
    first, *later = reader.execute(query).fetchall()
    assert first == (1, IMAGES, "31.5")
    assert later == [(1, MEASUREMENTS, None)] * 2
    importing(tables.write(measurements=looks.replace("31.5", "32.5")))
    folded(database)
    assert [row[0] for row in reader.execute(query)] == [2, 1, 1]
    assert_sound(database.connect())


def test_a_changed_end_of_treatment_is_the_next_revision(tables: Tables, database: Database, importing: Import) -> None:
    folder = tables.write(clinical=CLINICAL, measurements=VISITS, treatments=TREATMENT)
    importing(folder)
    folded(database)
    assert importing(tables.write(treatments=TREATMENT.replace(",,", ",60,")))["changed_timelines"] == 1
    assert len(folded(database)) == 1
    reader = database.connect("reader")
    ((revision, ended),) = reader.execute("SELECT revision, end_at FROM scanstream.treatments").fetchall()
    assert (revision, ended) == (2, dt.datetime(2026, 3, 11, tzinfo=dt.UTC))
    causes = {row[0] for row in reader.execute("SELECT superseded_because FROM scanstream.risk_history")}
    assert causes == {None, "treatment"}


def test_a_bad_line_anywhere_writes_nothing(tables: Tables, database: Database, importing: Import) -> None:
    folder = tables.write(clinical=CLINICAL, measurements=VISITS + "B,2,large\n", treatments=TREATMENT)
    with pytest.raises(WrongUse, match="measurements.csv line 5"):
        importing(folder)
    worker = database.connect()
    for table in ("scans", "treatments", "clinical", "features"):
        assert worker.execute(f"SELECT count(*) FROM core.{table}").fetchone() == (0,)


def test_an_imported_patient_is_found_by_the_hospitals_id(
    tables: Tables, database: Database, importing: Import
) -> None:
    importing(tables.write(clinical=CLINICAL))
    names = pseudonyms(database.settings, database.connect())
    assert find_patient(database.connect("vault"), "A") == [names.patient_id("NORTH", "A")]


def test_a_scan_that_comes_later_brings_the_name_that_tables_do_not_know(
    tables: Tables, database: Database, importing: Import
) -> None:
    importing(tables.write(clinical=CLINICAL))
    patient = pseudonyms(database.settings, database.connect()).patient_id("NORTH", "A")
    for name in ("Doe^Jane", "Doe^Joan"):
        who = {
            "issuer": "NORTH",
            "mrn": "A",
            "name": name,
            "birth_date": "1965-01-01",
            "sex": None,
            "study_instance_uid": name,
        }
        receive(database.connect("gateway"), [received(described(name, patient=patient, vault=who))])
    known = database.connect("vault").execute("SELECT name, birth_date FROM vault.patients").fetchall()
    assert known == [("Doe^Jane", "1965-01-01")]


def test_bells_ring_under_the_pseudonym(tables: Tables, database: Database, importing: Import) -> None:
    importing(tables.write(clinical=CLINICAL, measurements=VISITS))
    patient = pseudonyms(database.settings, database.connect()).patient_id("NORTH", "A")
    sent = messages(database.settings)
    events = [line for line in sent["patient-events"] if line.startswith(patient)]
    timepoints = [line for line in sent["timepoints"] if line.startswith(patient)]
    assert any('"kind":"bell"' in line for line in events)
    assert len(set(timepoints)) >= 3


def test_kafka_away_loses_nothing_and_is_told(
    tables: Tables, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    away = database.settings.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{free_port()}"})
    with caplog.at_level("WARNING", "scanstream"):
        counts = import_folder(away, tables.write(clinical=CLINICAL, measurements=VISITS), "NORTH", "coordinator")
    assert counts["visits"] == 3
    assert "bells_not_rung" in caplog.text
    assert len(folded(database)) == 1


@pytest.mark.usefixtures("services")
def test_i_spy2_brings_every_patient_four_forecasts_of_response_until_it_is_known(
    database: Database, tmp_path: Path
) -> None:
    ensure_topics(kafka_servers(database.settings), database.settings.partitions)
    settings = database.settings.model_copy(update={"assume_disease": "breast"})
    for name in ("clinical.csv", "measurements.csv"):
        shutil.copy(shared_data() / "ispy2" / name, tmp_path)
    counts = import_folder(settings, tmp_path, "I-SPY2", "coordinator")
    assert counts == {
        "patients": 384,
        "treatments": 0,
        "outcomes": 0,
        "visits": 1536,
        "set_aside": 0,
        "changed_timelines": 384,
    }
    assert len(folded(database)) == 384
    assert pcr_forecasts(database, "superseded_at IS NULL") == {4: 384}
    counts = import_folder(settings, shared_data() / "ispy2", "I-SPY2", "coordinator")
    assert (counts["outcomes"], counts["changed_timelines"]) == (384, 384)
    assert len(folded(database)) == 384
    assert pcr_forecasts(database, "superseded_at IS NULL") == {}
    assert pcr_forecasts(database, "superseded_because = 'occurred'") == {4: 384}


def pcr_forecasts(database: Database, which: str) -> dict[int, int]:
    """How many patients have how many forecasts of a pathologic complete response."""
    query = f"""SELECT n, count(*) FROM (SELECT count(*) AS n FROM scanstream.risk_history
    WHERE endpoint = 'pcr' AND {which} GROUP BY patient_id) p GROUP BY n"""
    return dict(database.connect("reader").execute(query).fetchall())


def test_the_immunotherapy_trials_get_forecasts_once_their_days_have_a_date(
    tmp_path: Path, database: Database, importing: Import
) -> None:
    folder = shared_data() / "immunotherapy"
    without_dates = importing(folder)
    assert (without_dates["visits"], without_dates["changed_timelines"]) == (0, 0)
    assert without_dates["set_aside"] > 4000
    shutil.copy(folder / "measurements.csv", tmp_path)
    patients = sorted({row["patient_id"] for row in read_table(folder / "measurements.csv")})
    lines = [f"{patient},2015-06-01" for patient in patients]
    (tmp_path / "clinical.csv").write_text("\n".join(["patient_id,baseline_date", *lines]))
    assert importing(tmp_path)["set_aside"] == 1, "one line of the trials states no day"
    assert len(folded(database)) == len(patients)
    reader = database.connect("reader")
    query = """SELECT patient_id, status, since FROM scanstream.endpoint_status
    WHERE endpoint = 'progression' AND superseded_at IS NULL"""
    statuses = reader.execute(query).fetchall()
    known = pseudonyms(database.settings, database.connect("worker"))
    names = {known.patient_id("NORTH", patient): patient for patient in patients}
    occurred = {names[patient]: since for patient, status, since in statuses if status == "occurred"}
    day_0 = dt.datetime(2015, 6, 1, tzinfo=dt.UTC)
    assert {patient: (since - day_0).days for patient, since in occurred.items()} == first_progressions(folder)
    at_risk = reader.execute("SELECT DISTINCT patient_id FROM scanstream.current_risk WHERE endpoint = 'progression'")
    forecast = {names[patient] for (patient,) in at_risk}
    assert forecast.isdisjoint(occurred)
    assert len(forecast | occurred.keys()) > 0.95 * len(patients)


def first_progressions(folder: Path) -> dict[str, int]:
    """By pandas alone: patient → the first day on which the one diameter is 20 % and 5 mm above the smallest so far."""
    table = pd.read_csv(folder / "measurements.csv").dropna(subset=["day"])
    too_small = table.raw_text.fillna("").str.startswith("TOO SMALL")
    table["mm"] = table.longest_diameter_mm.where(~too_small, 5.0)
    visits = table.groupby(["patient_id", "day"], as_index=False).mm.max().sort_values(["patient_id", "day"])
    visits["nadir"] = visits.groupby("patient_id").mm.transform(lambda mm: mm.cummin().ffill().shift())
    grown = (visits.mm >= (1.2 * visits.nadir).round(6)) & (visits.mm >= visits.nadir + 5)
    again = (visits.nadir == 0) & (visits.mm > 0)
    return visits[grown | again].groupby("patient_id").day.first().astype(int).to_dict()
