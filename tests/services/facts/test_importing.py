"""What tables say becomes facts: on the right day, of the right patient, once; and a bad table changes nothing."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from models.features import IMAGES, MEASUREMENTS
from models.tables.csv_table import read_table
from stream.__main__ import build_app
from stream.endpoints import KAFKA_ADMIN, free_port, kafka_login
from stream.errors import AnswerIsNo, WrongUse
from stream.publisher import ensure_topics
from stream.services.accepting.received_files import accept as receive
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
from tests.services.facts.tables import CLINICAL, TREATMENT, VISITS, Tables
from tests.services.receipts import described, received

Import = Callable[[Path], dict[str, int]]


@pytest.fixture
def importing(services: Settings, database: Database) -> Import:
    """The import as the command runs it, on this test's database and the session's Kafka."""
    ensure_topics(kafka_login(database.settings, KAFKA_ADMIN), database.settings.partitions)
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
    assert first == {
        "patients": 1,
        "treatments": 1,
        "outcomes": 0,
        "visits": 3,
        "set_aside": 0,
        "starts_alone": 0,
        "changed_timelines": 1,
    }
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


def test_days_count_from_the_date_that_is_given_where_the_tables_give_none(
    tables: Tables, database: Database, services: Settings
) -> None:
    clinical = "patient_id,baseline_date\nA,2026-01-10\nB,\n"
    folder = tables.write(clinical=clinical, measurements=VISITS + "B,1,20\n")
    counts = import_folder(database.settings, folder, "NORTH", "coordinator", baseline=dt.date(2026, 2, 1))
    assert (counts["visits"], counts["set_aside"]) == (4, 0)
    days = database.connect().execute("SELECT acquired_at FROM core.revisions ORDER BY 1").fetchall()
    assert [f"{at:%m-%d}" for (at,) in days] == ["01-10", "02-02", "02-21", "04-10"]


def test_the_command_says_what_to_change_where_less_than_all_could_be_used(
    tables: Tables, database: Database, services: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in database.settings.environment().items():
        monkeypatch.setenv(name, value)
    words = ["import", str(tables.write(clinical=CLINICAL, measurements=VISITS + "B,1,20\n")), "--issuer", "NORTH"]
    told = CliRunner().invoke(build_app(), words)
    assert "3 visits · 1 set aside" in told.stdout
    assert isinstance(told.exception, AnswerIsNo)
    assert str(told.exception).startswith("1 of the entries are not used")
    dated = CliRunner().invoke(build_app(), [*words, "--baseline-date", "2026-02-01"])
    assert (dated.exit_code, "4 visits · 0 set aside" in dated.stdout) == (0, True)
    assert "without a row in treatments.csv (1 patients) is no treatment" in dated.stdout
    tables.write(treatments=TREATMENT)
    assert "is no treatment" not in CliRunner().invoke(build_app(), words).stdout


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
    ensure_topics(kafka_login(database.settings, KAFKA_ADMIN), database.settings.partitions)
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
        "starts_alone": 384,
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
    with pytest.raises(AnswerIsNo, match="baseline_date or treatment_start, or one date for all by --baseline-date"):
        importing(folder)
    assert database.connect().execute("SELECT count(*) FROM core.set_asides").fetchone() == (0,)
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
