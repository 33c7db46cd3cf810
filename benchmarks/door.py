"""Files a second through the door, beside dcmtk's receiver that makes each file durable; `python -m benchmarks.door`.

dcmtk's sender on both sides, TCP_NODELAY everywhere, the disk at rest before each measurement.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from benchmarks import bare
from benchmarks.bare import PATIENCE_SECONDS, BareRate
from benchmarks.resting import rest
from benchmarks.sending import listens, rate, reports, slices
from stream.dicom.gateway.spool import Spool
from stream.endpoints import free_port
from stream.settings import load_settings
from tests.journey.service import Service, running_service
from tests.waiting import wait_until

SLICES, REPORTS, AT_ONCE = 300, 300, 4
ROUNDS = 3


@dataclass(frozen=True)
class DoorRates:
    """Files a second, medians of some rounds: CT slices of 527 KB and small reports.

    `one`, `four` (associations) and `reports`: a gateway alone, which keeps what comes; `bare` and `bare_four`: dcmtk's
    receiver, and one fsync of file and folder for each file; `served`, and processor time of the whole gateway, user's
    and system's, in ms a slice: in a service at work. `making_ms`: a new file on that disk, the longest of the medians.
    """

    one: float
    four: float
    reports: float
    bare: BareRate
    bare_four: BareRate
    served: float
    user_ms: float
    system_ms: float
    making_ms: float

    @property
    def cpu_ms(self) -> float:
        """Processor time of the gateway, ms a slice."""
        return self.user_ms + self.system_ms


class _Rounds:
    """What was measured, by names; the disk at rest before each."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._found = folder, dict[str, list[float]]()
        self.making_ms = 0.0

    def rest(self) -> None:
        """Wait for the disk."""
        self.making_ms = max(self.making_ms, rest(self._folder / "rest"))

    def rate(self, name: str, port: int, groups: Sequence[Sequence[Path]]) -> None:
        """Files a second that a port takes."""
        self.rest()
        self.note(name, rate(port, groups))

    def bare(self, name: str, groups: Sequence[Sequence[Path]], folder: Path) -> None:
        """What dcmtk's receiver takes of the same."""
        self.rest()
        for field, value in bare.measure(groups, folder)._asdict().items():
            self.note(f"{name} {field}", value)

    def note(self, name: str, value: float) -> None:
        """One more round."""
        self._found.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        """Over the rounds."""
        return median(self._found[name])

    def bare_median(self, name: str) -> BareRate:
        """Over the rounds, each figure by itself."""
        return BareRate(*(self.median(f"{name} {field}") for field in BareRate._fields))


def measure(service: Service, folder: Path) -> DoorRates:
    """Each rate with files that nobody has seen."""
    rounds = _Rounds(folder)
    series = [slices(folder / "slices" / str(number), SLICES) for number in range(ROUNDS)]
    for files in series:
        _serve(service, files, rounds)
    with _gateway_alone(folder / "alone") as port:
        for number, files in enumerate(series):  # in turns, since the machine has other work
            four = [slices(folder / "four" / f"{number}-{n}", SLICES // 2) for n in range(AT_ONCE)]
            rounds.rate("one", port, [files])
            rounds.bare("bare", [files], folder / f"bare-{number}")
            rounds.rate("four", port, four)
            rounds.bare("bare four", four, folder / f"bare-four-{number}")
            rounds.rate("reports", port, [reports(folder / "reports" / str(number), REPORTS)])
    return DoorRates(
        *map(rounds.median, ("one", "four", "reports")),
        *map(rounds.bare_median, ("bare", "bare four")),
        *map(rounds.median, ("served", "user", "system")),
        rounds.making_ms,
    )


def _serve(service: Service, files: Sequence[Path], rounds: _Rounds) -> None:
    """One round of a service at work: its rate, and what all of the gateway takes until nothing is left to do."""
    rounds.rest()
    before = _cpu_seconds(service)
    rounds.note("served", rate(service.settings.dicom_port, [files]))
    for name, was, after in zip(("user", "system"), before, _cpu_seconds(service), strict=True):
        rounds.note(name, 1000 * (after - was) / len(files))


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
            wait_until(lambda: listens(settings.dicom_port), PATIENCE_SECONDS)
            yield settings.dicom_port
        finally:
            process.terminate()


def _cpu_seconds(service: Service) -> tuple[float, float]:
    """Processor time of the gateway and its children by now, user's and system's, once the spool is empty."""
    wait_until(lambda: not Spool(service.settings.spool).waiting(), PATIENCE_SECONDS)
    gateway = psutil.Process(service.starts("gateway")[-1])
    times = [process.cpu_times() for process in (gateway, *gateway.children(recursive=True))]
    return sum(one.user for one in times), sum(one.system for one in times)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="scanstream-door-") as folder, running_service(Path(folder)) as service:
        print(measure(service, Path(folder)))
