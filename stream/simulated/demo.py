"""The demonstration: a simulated cohort through the whole service, and the check that every scan got its forecast.

Or that it can have none: no model applies, or what its models forecast has been observed already.
"""

import csv
import datetime as dt
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event

from models.simulation.lines import FollowedPatient
from models.tables.records import TreatmentRecord
from stream.dicom.gateway.sender import send
from stream.dicom.gateway.spool import Spool
from stream.dicom.pseudonyms import Pseudonyms
from stream.errors import AnswerIsNo
from stream.local.service import DASHBOARD_HOST, running
from stream.local.supervisor import Stopped, Supervisor
from stream.settings import Settings
from stream.simulated.cohort import Study, cohort, enrolment, mrn, write_study
from stream.storage.database import Connection, connect
from stream.storage.intake.unfinished import unseen_patients
from stream.storage.reading.demonstration import (
    CLOSED,
    FIRST_QUESTION,
    FORECAST,
    PatientRisk,
    Progressions,
    ScanEnd,
    most_likely_to_progress,
    progressions,
    scan_ends,
)
from stream.storage.reading.views import counts
from stream.terminal.printing import print_table
from stream.terminal.progress import progress
from stream.vocabulary import Status
from stream.wiring.importing import import_folder
from stream.wiring.pseudonyms import pseudonyms

CALLING_AE = "DEMO_PACS"
SETTLE_SECONDS = 240.0
"""Two busy cores need a minute at most; who waits longer than this wants to be told."""
POLL_SECONDS = 0.2
NO_MODEL = "no model applies"


def run(settings: Settings, patients: int, once: bool) -> None:
    """Start the service, bring the cohort in and show what came of it; then stay until Ctrl-C, unless `once`.

    Raises AnswerIsNo where a scan that was sent has neither a forecast nor the reason for none.
    """
    print(f"Starting Postgres, Kafka, gateway, worker and dashboard on {settings.data_dir} ...", flush=True)
    work = None
    with suppress(Stopped), running(settings) as supervisor:
        work = _alongside(supervisor, partial(_show, settings, patients, once), once)
    if work is not None:
        work.result()
    elif once:
        raise AnswerIsNo("The demonstration was stopped before its end.")


def _alongside(supervisor: Supervisor, show: Callable[[Event], None], once: bool) -> Future[None] | None:
    """Let `show` work in a thread of its own: the main thread restarts parts that end and hears Ctrl-C.

    Returns after `show` if `once` or if that failed, else at Ctrl-C; None where Ctrl-C came before it was done.
    """
    stop = Event()
    with ThreadPoolExecutor(1) as thread:
        work = thread.submit(show, stop)
        work.add_done_callback(lambda done: supervisor.ask_to_stop() if once or done.exception() else None)
        supervisor.watch()
        finished = work.done()
        stop.set()  # the service goes on until the thread has noticed
    return work if finished else None


def _show(settings: Settings, patients: int, once: bool, stop: Event) -> None:
    """Bring in what is missing of the cohort, wait for its forecasts, print what a person may look at now."""
    studies = cohort(patients, _reference(settings))
    with connect(settings, "worker", timeouts=False) as connection:
        names = pseudonyms(settings, connection)
        # first what is known of the patients: whoever watches sees forecasts from the first scan on
        _import({study.patient.number: study.patient for study in studies}, studies[0].reference, settings)
        arrived = _ends(connection, names, studies)
        missing = [study for study in studies if not _arrived(study, arrived.get(names.scan_uid(study.study_uid)))]
        for late in (False, True):  # a late scan is one whose later ones have their forecasts already
            _send([study for study in missing if study.visit.late == late], settings, stop)
            ends = _settled(connection, settings, names, studies, stop)
        print(_summary(studies, ends))
        _print_answer(connection, settings)
    if not once:
        print("Ctrl-C stops all.", flush=True)


def _reference(settings: Settings) -> dt.date:
    """The day the cohort's days count from: that of the first start, so that a later one knows the same scans."""
    file = settings.data_dir / "cohort-reference"
    if not file.exists():
        file.write_text(dt.datetime.now(settings.zone).date().isoformat())
    return dt.date.fromisoformat(file.read_text())


def _import(patients: Mapping[int, FollowedPatient], reference: dt.date, settings: Settings) -> None:
    """Clinical facts, treatments and deaths, by the same way as `scanstream import`."""
    clinical: list[dict[str, object]] = []
    treatments: list[dict[str, object]] = []
    for patient in patients.values():
        start = _date(reference, patient.treatments[0].start_day)
        clinical.append(
            {"patient_id": mrn(patient), "treatment_start": start, **patient.clinical, **enrolment(patient)}
        )
        treatments += [_treatment_row(patient, treatment, reference) for treatment in patient.treatments]
    with tempfile.TemporaryDirectory() as folder:
        _write_table(Path(folder) / "clinical.csv", clinical)
        _write_table(Path(folder) / "treatments.csv", treatments)
        _write_table(Path(folder) / "outcomes.csv", [_death_row(each, reference) for each in patients.values()])
        import_folder(settings, Path(folder), settings.issuer_for(CALLING_AE), CALLING_AE)


def _treatment_row(patient: FollowedPatient, treatment: TreatmentRecord, reference: dt.date) -> dict[str, object]:
    return {
        "patient_id": mrn(patient),
        "name": treatment.name,
        "kind": treatment.kind,
        "start_date": _date(reference, treatment.start_day),
        "end_date": _date(reference, treatment.end_day),
    }


def _death_row(patient: FollowedPatient, reference: dt.date) -> dict[str, object]:
    """The death, or that the patient was alive on the day of reference."""
    day = 0 if patient.death_day is None else patient.death_day
    died = int(patient.death_day is not None)
    return {"patient_id": mrn(patient), "endpoint": "death", "date": _date(reference, day), "event": died}


def _date(reference: dt.date, day: float | None) -> str:
    return "" if day is None else (reference + dt.timedelta(days=day)).isoformat()


def _write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def _ends(connection: Connection, names: Pseudonyms, studies: Sequence[Study]) -> dict[str, ScanEnd]:
    """How far the scans of `studies` have come, by scan_uid; those not heard of are missing."""
    return scan_ends(connection, [names.scan_uid(study.study_uid) for study in studies])


def _arrived(study: Study, end: ScanEnd | None) -> bool:
    return end is not None and end.instances == study.instances


def _send(studies: Sequence[Study], settings: Settings, stop: Event) -> None:
    """C-STORE of the studies in one association, as a PACS would send them."""
    with tempfile.TemporaryDirectory() as folder:
        files = [path for study in studies for path in write_study(study, Path(folder))]
        failed = []
        with progress("Sending scans", len(files)) as advance:
            for sent in send(files, settings.dicom_host, settings.dicom_port, settings.dicom_ae_title, CALLING_AE):
                _go_on(stop)
                advance(1)
                if sent.status != 0:
                    failed.append(sent)
    if failed:
        raise AnswerIsNo(f"{len(failed)} of {len(files)} files were not stored; the first was {failed[0].meaning}.")


def _settled(
    connection: Connection, settings: Settings, names: Pseudonyms, studies: Sequence[Study], stop: Event
) -> dict[str, ScanEnd]:
    """Wait until nothing is pending and every fact is folded in; AnswerIsNo where that takes too long."""
    deadline, done = time.monotonic() + SETTLE_SECONDS, 0
    with progress("Forecasting", len(studies)) as advance:
        while True:
            waiting = _waiting(connection, settings)
            ends = _ends(connection, names, studies)
            applied = sum(end.status == Status.APPLIED for end in ends.values())
            advance(applied - done)
            done = applied
            if not waiting:
                return ends
            if time.monotonic() > deadline:
                raise AnswerIsNo(f"{waiting} are still pending: the worker's log is in {settings.run}.")
            stop.wait(POLL_SECONDS)
            _go_on(stop)


def _go_on(stop: Event) -> None:
    if stop.is_set():
        raise Stopped


def _waiting(connection: Connection, settings: Settings) -> int:
    """Files in the spool, instances without an end, patients with facts that no fold has seen."""
    spooled = Spool(settings.spool).waiting()
    files, _ = counts(connection)
    unseen = unseen_patients(connection, dt.datetime.now(dt.UTC))
    return spooled + int(files["pending"]) + len(unseen)


def _summary(studies: Sequence[Study], ends: Mapping[str, ScanEnd]) -> str:
    """One sentence with the counts; AnswerIsNo where a scan has neither a forecast nor the reason for none."""
    results = [end.result for end in ends.values() if end.status == Status.APPLIED]
    forecast, closed, without = map(results.count, (FORECAST, CLOSED, NO_MODEL))
    patients = len({study.patient.number for study in studies})
    reasons = f"for {without} no model applies (brain, or a target was not evaluated)"
    reasons += f", for {closed} the question is closed" if closed else ""
    if forecast + closed + without < len(studies):
        raise AnswerIsNo(f"Only {forecast} of {len(studies)} scans have a forecast, {reasons}.")
    return f"{len(studies)} scans of {patients} patients: {forecast} have their standing forecast, {reasons}."


def _print_answer(connection: Connection, settings: Settings) -> None:
    rows = [row._asdict() for row in most_likely_to_progress(connection)]
    program = Path(sys.executable).with_name("scanstream")
    print(f"\nDashboard: http://{DASHBOARD_HOST}:{settings.dashboard_port}\n")
    print("The question of the first day: who is most likely to progress within 180 days?\n")
    print_table(rows, PatientRisk._fields)
    print(f"\n{_left_out(progressions(connection))}")
    print(f"\nAsk it yourself:\n  export SCANSTREAM_DATA_DIR={shlex.quote(str(settings.data_dir))}")
    print(f'  psql "$({program} db url)" -c "{FIRST_QUESTION}"\n')


def _left_out(patients: Progressions) -> str:
    """Of how many the answer speaks and how many of these are due for a scan; what became of all others."""
    return (
        f"Of {patients.patients} patients {patients.open} have a forecast of progression, {patients.overdue} of them "
        f"stale as their next scan is overdue. {patients.occurred} have progressed already in their current line, "
        f"{patients.died} have died without it. Of {patients.others} it is not forecast (breast, brain, or no target "
        "was measured at the baseline)."
    )
