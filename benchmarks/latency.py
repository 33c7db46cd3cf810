"""From the last acknowledged instance of a scan to its visible result, alone and beside other traffic."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import numpy as np

from stream.dicom.gateway.sender import send
from stream.dicom.pseudonyms import Pseudonyms, load_or_make_key
from stream.settings import Settings
from stream.simulated.segmentation import make_seg
from stream.simulated.synthetic import make_series, make_sr, save
from stream.storage.database import Connection, connect
from tests.journey.service import Service

REPORTS, SERIES = 30, 8
WARM_UP = 3
TRAFFIC_PER_SECOND = 20
SLICES, SIDE = 24, 256
POLL_SECONDS = 0.01
PATIENCE_SECONDS = 60.0

RISK_OF_PATIENT = "SELECT FROM scanstream.current_risk WHERE patient_id = %s"
SCAN_APPLIED = "SELECT FROM scanstream.scan_status WHERE scan_uid = %s AND status = 'applied'"

Visible = Callable[[], bool]


@dataclass(frozen=True)
class Latency:
    """Seconds from the last acknowledged instance to the visible result, one number per scan."""

    what: str
    traffic: str
    waiting_by_rule: float
    seconds: tuple[float, ...]

    def percentile(self, percent: float) -> float:
        """Seconds that `percent` of the scans did not exceed."""
        return float(np.percentile(self.seconds, percent))


def measure(service: Service, folder: Path) -> Iterator[Latency]:
    """Reports and image series, first on an idle service, then beside 20 reports a second."""
    settings = service.settings
    names = Pseudonyms(_key(settings, folder))
    with connect(settings, "reader", timeouts=False) as connection:
        for per_second in (0, TRAFFIC_PER_SECOND):
            said = f"{per_second} scans/s" if per_second else "idle"
            with traffic(service, folder / "traffic", per_second):
                seconds = tuple(islice(reports(settings, folder / f"sr-{per_second}"), REPORTS))
                yield Latency("one SR, in current_risk", said, 0.0, seconds)
                seconds = _series(settings, connection, names, folder / f"mr-{per_second}", SERIES)
                rule = settings.association_wait_seconds
                yield Latency(f"{SLICES} MR slices and SEG, applied in scan_status", said, rule, seconds)


def _key(settings: Settings, folder: Path) -> bytes:
    """The service's key, which the gateway makes when the first instance comes."""
    _send(settings, [save(make_sr(PatientID="first"), folder / "first.dcm")])
    until = time.monotonic() + PATIENCE_SECONDS
    while not settings.pseudonym_key_file.exists() and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
    return load_or_make_key(settings.pseudonym_key_file)


def reports(settings: Settings, folder: Path) -> Iterator[float]:
    """Latencies of one report after the other, each of a new patient, warmed up, without end."""
    names = Pseudonyms(_key(settings, folder))
    with connect(settings, "reader", timeouts=False) as connection:
        for number in count():
            mrn = f"{folder.name}-{number}"
            file = save(make_sr(PatientID=mrn), folder / f"{number}.dcm")
            patient = names.patient_id(settings.issuer_for("BENCH"), mrn)
            acknowledged = _send(settings, [file])
            seconds = _seen(connection, RISK_OF_PATIENT, patient) - acknowledged
            if number >= WARM_UP:
                yield seconds


def _series(
    settings: Settings, connection: Connection, names: Pseudonyms, folder: Path, number_of: int
) -> tuple[float, ...]:
    seconds = []
    for number in range(number_of):
        files, study_uid = _series_files(folder / str(number), f"{folder.name}-{number}")
        acknowledged = _send(settings, files)
        seconds.append(_seen(connection, SCAN_APPLIED, names.scan_uid(study_uid)) - acknowledged)
    return tuple(seconds)


def _series_files(folder: Path, mrn: str) -> tuple[list[Path], str]:
    """24 slices of 128 KB with a lesion of 30 × 30 × 12 mm, and its segmentation."""
    mask = np.zeros((SLICES, SIDE, SIDE), bool)
    mask[6:18, 100:130, 100:130] = True
    images = make_series(mask * np.uint16(800) + np.uint16(100), PatientID=mrn)
    datasets = [*images, make_seg([mask], images)]
    files = [save(dataset, folder / f"{number:02}.dcm") for number, dataset in enumerate(datasets)]
    return files, images[0].StudyInstanceUID


def _send(settings: Settings, files: Sequence[Path]) -> float:
    """Send in one association; the moment at which the last instance was acknowledged."""
    acknowledged = 0.0
    for sent in send(files, "127.0.0.1", settings.dicom_port, settings.dicom_ae_title, "BENCH"):
        acknowledged = time.monotonic()
        if sent.status != 0:
            raise RuntimeError(f"{sent.path} was not taken: {sent.meaning}")
    return acknowledged


def _seen(connection: Connection, query: str, value: str) -> float:
    """The moment at which `query` first has a row."""
    until = time.monotonic() + PATIENCE_SECONDS
    while connection.execute(query, [value]).rowcount == 0:
        if time.monotonic() > until:
            raise RuntimeError(f"nothing to be seen of {value} after {PATIENCE_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    return time.monotonic()


@contextmanager
def traffic(service: Service, folder: Path, per_second: int) -> Iterator[None]:
    """Other patients' reports, sent by a process of its own within the context."""
    if not per_second:
        yield
        return
    command = [sys.executable, "-m", "benchmarks.traffic", str(folder), str(per_second)]
    with subprocess.Popen(command, env=service.environment()) as process:
        try:
            yield
        finally:
            process.kill()
