"""Files a second through the door, beside dcmtk's receiver that makes each file durable; `python -m benchmarks.door`.

dcmtk's sender on both sides, TCP_NODELAY everywhere.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from pydicom import uid

from stream.dicom.gateway.spool import Spool
from stream.endpoints import free_port
from stream.settings import load_settings
from stream.simulated.synthetic import make_image, make_sr, save
from tests.journey.service import Service, running_service
from tests.programs import needs_program
from tests.waiting import wait_until

SLICES, REPORTS, AT_ONCE = 300, 300, 4
SIDE = 512
ROUNDS = 3
PATIENCE_SECONDS = 120.0
SENDER_ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}
"""Without it dcmtk waits for acknowledgements, and both receivers idle at some 20 files a second."""


@dataclass(frozen=True)
class DoorRates:
    """Files a second, medians of some rounds: CT slices of 527 KB and small reports.

    `one`, `four` (associations) and `reports`: a gateway alone, which keeps what comes; `bare`: dcmtk's receiver, and
    one fsync of file and folder for each file; `served`, and `cpu_ms` of the whole gateway: in a service at work.
    """

    one: float
    four: float
    reports: float
    bare: float
    served: float
    cpu_ms: float


def measure(service: Service, folder: Path) -> DoorRates:
    """Each rate with files that nobody has seen."""
    slices = [_slices(folder / "slices" / str(number)) for number in range(ROUNDS)]
    cpu_before = _cpu_seconds(service)
    served = [_rate(service.settings.dicom_port, [files]) for files in slices]
    cpu_seconds = _cpu_seconds(service) - cpu_before
    with _gateway_alone(folder / "alone") as port:
        ones, bares = [], []
        for number, files in enumerate(slices):  # in turns, since the machine has other work
            ones.append(_rate(port, [files]))
            bares.append(_bare_rate(files, folder / f"bare-{number}"))
        fours = [_rate(port, _four(folder / "four" / str(number))) for number in range(ROUNDS)]
        reports = [_rate(port, [_reports(folder / "reports" / str(number))]) for number in range(ROUNDS)]
    medians = map(statistics.median, (ones, fours, reports, bares, served))
    return DoorRates(*medians, 1000 * cpu_seconds / (ROUNDS * SLICES))


@contextmanager
def _gateway_alone(folder: Path) -> Iterator[int]:
    """The port of a gateway whose Kafka and Postgres are away: it keeps what comes."""
    folder.mkdir()
    nobody = free_port()
    settings = load_settings(
        data_dir=folder / "data",
        dicom_port=free_port(),
        database_url=f"postgresql://nobody@127.0.0.1:{nobody}/none",
        database_password_gateway="none",
        kafka_bootstrap_servers=f"127.0.0.1:{nobody}",
    )
    environment = {**os.environ, **settings.environment()}
    with (
        (folder / "gateway.log").open("w") as log,
        subprocess.Popen([sys.executable, "-m", "stream", "gateway"], env=environment, stderr=log) as process,
    ):
        try:
            wait_until(lambda: _listens(settings.dicom_port), PATIENCE_SECONDS)
            yield settings.dicom_port
        finally:
            process.terminate()


def _slices(folder: Path, count: int = SLICES) -> list[Path]:
    """One CT series of a new patient."""
    study, series, frame = uid.generate_uid(), uid.generate_uid(), uid.generate_uid()
    noise = np.random.default_rng(0).integers(0, 4096, (SIDE, SIDE), np.uint16)
    shared = {
        "SOPClassUID": uid.CTImageStorage,
        "Modality": "CT",
        "PatientID": study[-16:],
        "StudyInstanceUID": study,
        "SeriesInstanceUID": series,
        "FrameOfReferenceUID": frame,
    }
    return [
        save(
            make_image(np.roll(noise, number), **shared, ImagePositionPatient=[0.0, 0.0, float(number)]),
            folder / f"{number}.dcm",
        )
        for number in range(count)
    ]


def _four(folder: Path) -> list[list[Path]]:
    return [_slices(folder / str(number), SLICES // 2) for number in range(AT_ONCE)]


def _reports(folder: Path) -> list[Path]:
    study = uid.generate_uid()
    return [save(make_sr(PatientID=f"{study[-12:]}-{n}"), folder / f"{n}.dcm") for n in range(REPORTS)]


def _rate(port: int, groups: Sequence[Sequence[Path]]) -> float:
    """Files a second, one association for each group, all at once."""
    command = [needs_program("storescu"), "-R", "-aec", "SCANSTREAM", "127.0.0.1", str(port)]
    began = time.monotonic()
    senders = [subprocess.Popen([*command, *map(str, group)], env=SENDER_ENVIRONMENT) for group in groups]
    if any(sender.wait() for sender in senders):
        raise RuntimeError("a file was not taken")
    return sum(map(len, groups)) / (time.monotonic() - began)


def _bare_rate(files: Sequence[Path], folder: Path) -> float:
    """Files a second of dcmtk's receiver, were it to make each file and its name durable before the next."""
    folder.mkdir()
    port = free_port()
    command = [needs_program("storescp"), "-od", str(folder), "+B", str(port)]
    with subprocess.Popen(command, env=SENDER_ENVIRONMENT) as receiver:
        try:
            wait_until(lambda: _listens(port), PATIENCE_SECONDS)
            seconds = len(files) / _rate(port, [files])
        finally:
            receiver.terminate()
    return len(files) / (seconds + _durable_seconds(files, folder / "durable"))


def _durable_seconds(files: Sequence[Path], folder: Path) -> float:
    """What one fsync of file and folder for each file takes, writing apart."""
    folder.mkdir()
    seconds = 0.0
    names = os.open(folder, os.O_RDONLY)
    for number, file in enumerate(files):
        with (folder / f"{number}.dcm").open("wb", buffering=0) as copy:
            copy.write(file.read_bytes())
            began = time.monotonic()
            os.fsync(copy.fileno())
            os.fsync(names)
            seconds += time.monotonic() - began
    os.close(names)
    return seconds


def _listens(port: int) -> bool:
    done = subprocess.run([needs_program("echoscu"), "127.0.0.1", str(port)], capture_output=True)
    return done.returncode == 0


def _cpu_seconds(service: Service) -> float:
    """Processor time of the gateway and its children by now, once the spool is empty."""
    wait_until(lambda: not Spool(service.settings.spool).waiting(), PATIENCE_SECONDS)
    gateway = psutil.Process(service.starts("gateway")[-1])
    times = [process.cpu_times() for process in (gateway, *gateway.children(recursive=True))]
    return sum(one.user + one.system for one in times)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="scanstream-door-") as folder, running_service(Path(folder)) as service:
        print(measure(service, Path(folder)))
