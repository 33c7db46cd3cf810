"""Patients who are imported with their outcomes have forecasts of the time before them, and are judged by these."""

import csv
from itertools import islice
from pathlib import Path

from models.serving.forecaster import load_forecaster
from stream.endpoints import KAFKA_ADMIN, kafka_login
from stream.publisher import ensure_topics
from stream.services import leading
from stream.services.comparing.comparison import compare
from stream.services.folding.reconcile import Reconciler
from stream.settings import Settings
from stream.wiring.importing import import_folder
from tests.data import shared_data
from tests.database import Database
from tests.other_weights import other_weights
from tests.services.accepted_facts import assert_sound, forecasters
from tests.services.both_weights import RESPONSE

PATIENTS = 40
MADE = """SELECT count(*), count(superseded_at), count(*) FILTER (WHERE superseded_because = 'occurred')
FROM scanstream.risk_history WHERE endpoint = 'pcr' GROUP BY weights_version"""


def some_of_i_spy2(folder: Path) -> int:
    """Write the tables of the first patients into `folder`; how many of them had a pathologic complete response."""
    for name in ("clinical.csv", "measurements.csv", "outcomes.csv"):
        with (shared_data() / "ispy2" / name).open() as file:
            header, *rows = csv.reader(file)
        chosen = set(islice(dict.fromkeys(row[header.index("patient_id")] for row in rows), PATIENTS))
        kept = [row for row in rows if row[header.index("patient_id")] in chosen]
        with (folder / name).open("w") as file:
            csv.writer(file).writerows([header, *kept])
    return sum(int(row[header.index("pcr")]) for row in kept)


def test_patients_who_come_with_their_outcomes_are_judged_by_them(
    services: Settings, database: Database, tmp_path: Path
) -> None:
    ensure_topics(kafka_login(services, KAFKA_ADMIN), services.partitions)
    worker = database.connect()
    card = other_weights(tmp_path / "new", "response")
    leading.put_in_service(worker, card, "Ada", None)
    held = [*forecasters(), load_forecaster(tmp_path / "new", "cpu")]
    responses = some_of_i_spy2(tmp_path)
    import_folder(database.settings.model_copy(update={"assume_disease": "breast"}), tmp_path, "I-SPY2", "coordinator")
    patients = [patient for (patient,) in worker.execute("SELECT DISTINCT received_as FROM core.scans")]
    Reconciler(worker, held).patients(patients)
    forecasts = 4 * PATIENTS
    assert worker.execute(MADE).fetchall() == 2 * [(forecasts, forecasts, forecasts)]
    (question,) = (one for one in compare(worker, card.weights_sha256, RESPONSE).questions if one.question[0] == "pcr")
    judged = question.judged
    assert (judged.patients, judged.with_event, judged.visits) == (PATIENTS, responses, forecasts)
    assert_sound(worker, held)
