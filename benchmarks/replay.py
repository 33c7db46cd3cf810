"""Mass replay for new weights beside its limits, and what live traffic feels of it.

`python -m benchmarks.replay TIMEPOINTS` measures it alone, on a service of its own.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.facts import lay_down
from benchmarks.latency import REPORTS, TRAFFIC_PER_SECOND, Latency, reports, traffic
from benchmarks.throughput import copy_seconds
from models.card import COMMITTED
from models.features import FEATURE_NAMES
from models.serving.forecaster import committed_forecasters, load_forecaster
from models.serving.weights import load_weights, save_weights
from models.timepoint import Timepoint
from stream.services.folding.reconcile import Reconciler
from stream.services.recovery.replay import TIMELINES, replay
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.folding.states import TimelineSteps
from stream.storage.rows import only_row
from tests.journey.service import Service

TIMEPOINTS = 100_000
VISITS = 10
PATIENTS_AT_ONCE = 2000
"""Whose facts are laid down in one transaction."""
WHAT = "one SR, in current_risk"
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class ReplayRates:
    """Timepoints per second of a mass replay and of its limits; latencies without and beside another one."""

    timepoints: int
    ours: float
    bare_model: float
    bare_copy: float
    usual: Latency
    beside: Latency

    @property
    def slower(self) -> float:
        """Median latency beside a replay over the usual one."""
        return self.beside.percentile(50) / self.usual.percentile(50)


def measure(service: Service, folder: Path, timepoints: int = TIMEPOINTS) -> ReplayRates:
    """Two replays of `timepoints`, each for weights of its own: one alone, one beside live traffic."""
    settings = service.settings
    next(reports(settings, folder / "first-report"))  # with it the gateway makes its key; it makes none beside patients
    _stand(settings, timepoints // VISITS)
    with connect(settings, "worker", timeouts=False) as connection:
        first_fold = _last_fold(connection) + 1
        version = _new_weights(folder / "first", 1.1)
        with _adding(service, folder / "first") as process:
            process.wait()
        ours = _rate(connection, version)
        copied = timepoints / copy_seconds(settings, first_fold)
        usual, beside = _latencies(service, connection, folder)
    return ReplayRates(timepoints, ours, _bare_model(folder / "first", timepoints), copied, usual, beside)


def _stand(settings: Settings, patients: int) -> None:
    """`patients` with VISITS scans each stand under the weights that come along."""
    groups = [
        (f"7{start:07}", min(PATIENTS_AT_ONCE, patients - start)) for start in range(0, patients, PATIENTS_AT_ONCE)
    ]
    scans = [one for group, many in groups for visit in range(VISITS) for one in lay_down(settings, group, many, visit)]
    waiting = [TimelineSteps(patient_id, VISITS) for patient_id in sorted({one.patient_id for one in scans})]
    held = committed_forecasters("cpu")
    with connect(settings, "worker") as one, connect(settings, "worker") as other:
        for _ in replay(one, Reconciler(one, held, writing=other), waiting):
            pass


def _new_weights(folder: Path, factor: float) -> str:
    """The committed weights of `progression`, their head `factor` times as strong; the version."""
    card, parameters = load_weights(COMMITTED / "progression")
    return save_weights(folder, card, {**parameters, "head": parameters["head"] * factor}).weights_sha256


@contextmanager
def _adding(service: Service, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`model add` at work; interrupted, if need be, at the end."""
    command = [sys.executable, "-m", "stream", "model", "add", str(folder)]
    with subprocess.Popen(command, env=service.environment(), stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)


def _latencies(service: Service, connection: Connection, folder: Path) -> tuple[Latency, Latency]:
    """Of single reports beside other traffic, without a replay and while one is at work."""
    settings, said = service.settings, f"{TRAFFIC_PER_SECOND} scans/s"
    with traffic(service, folder / "traffic", TRAFFIC_PER_SECOND):
        usual = tuple(islice(reports(settings, folder / "usual"), REPORTS))
        version, beside = _new_weights(folder / "second", 1.2), []
        with _adding(service, folder / "second") as process:
            while process.poll() is None and not _states(connection, version):
                time.sleep(POLL_SECONDS)
            for seconds in islice(reports(settings, folder / "beside"), REPORTS):
                if process.poll() is not None:
                    break
                beside.append(seconds)
    if not beside:
        raise RuntimeError("the replay was over before a report came through: take more timepoints")
    return Latency(WHAT, said, 0.0, usual), Latency(WHAT, f"{said} and a mass replay", 0.0, tuple(beside))


def _rate(connection: Connection, version: str) -> float:
    """Timepoints per second between the first commit of a replay and its last."""
    query = """SELECT count(*) FILTER (WHERE computed_at > first) / extract(epoch FROM max(computed_at) - min(first))
    FROM (SELECT f.computed_at, min(f.computed_at) OVER () AS first FROM core.states s JOIN core.folds f USING (fold_id)
      WHERE s.weights_version = %s) x"""
    (rate,) = only_row(connection.execute(query, [version]))
    return float(rate)


def _states(connection: Connection, version: str) -> bool:
    query = "SELECT EXISTS (SELECT FROM core.states WHERE weights_version = %s)"
    return bool(only_row(connection.execute(query, [version]))[0])


def _last_fold(connection: Connection) -> int:
    (last,) = only_row(connection.execute("SELECT coalesce(max(fold_id), 0) FROM core.folds"))
    return int(last)


def _bare_model(folder: Path, timepoints: int) -> float:
    """Timepoints per second when they are stepped in full batches and nothing else is done."""
    forecaster = load_forecaster(folder, "cpu")
    names = [name == "sum_of_diameters" for name in FEATURE_NAMES]
    rows = [[20.0 + number % 30 if wanted else float("nan") for wanted in names] for number in range(TIMELINES)]
    batch = [Timepoint(np.array(row), 42.0, "lung", (), {}) for row in rows]
    started, stepped = time.monotonic(), 0
    while stepped < timepoints:
        states = forecaster.initial(TIMELINES)
        for _ in range(VISITS):
            states, _ = forecaster.advance(states, batch)
        stepped += VISITS * TIMELINES
    return stepped / (time.monotonic() - started)


def main(timepoints: int) -> None:
    """Measure on a service of its own and print it."""
    with tempfile.TemporaryDirectory(prefix="scanstream-bench-") as folder:
        service = Service(Path(folder))
        try:
            service.start()
            rates = measure(service, Path(folder), timepoints)
        finally:
            service.end()
    share = rates.ours / min(rates.bare_model, rates.bare_copy)
    limits = f"bare model {rates.bare_model:,.0f}, bare COPY {rates.bare_copy:,.0f}; ours is {share:.2f} of the smaller"
    print(f"{rates.timepoints} timepoints a second: ours {rates.ours:,.0f}, {limits}")
    for latency in (rates.usual, rates.beside):
        p50, p95 = latency.percentile(50), latency.percentile(95)
        print(f"{latency.what}, {latency.traffic}: p50 {p50:.2f} s, p95 {p95:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]))
