"""Construction of a worker: its agents, each with a hand of its own, and the Faust app around them."""

import datetime as dt
import threading
from collections.abc import Callable
from functools import partial

from models.forecaster import Forecaster
from stream.agents.assemble import Assemble
from stream.agents.forecast import ForecastAgent
from stream.agents.hand import Hand
from stream.agents.measure import MeasureAgent
from stream.app import Agents, build_app, run
from stream.dicom.archive import Archive
from stream.dicom.identity import Pseudonyms
from stream.dicom.measurements import measure_scan
from stream.endpoints import kafka_servers
from stream.publisher import Publisher
from stream.services.assembly import Rules
from stream.services.measurement import Complete, Measured
from stream.services.reconcile import Reconciler
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.wiring.pseudonyms import pseudonyms
from stream.wiring.weights import forecasters, keep_weights


def run_worker(settings: Settings) -> None:
    """Assemble, measure and forecast until SIGTERM."""
    keep_weights(settings)
    agents = worker_agents(settings, forecasters(settings, settings.device))
    folder = settings.run / "faust"
    folder.mkdir(parents=True, exist_ok=True)  # a worker alone on its machine is the first to need it
    run(build_app(kafka_servers(settings), agents, folder))


def worker_agents(settings: Settings, held: list[Forecaster]) -> Agents:
    """The three agents, each with its own hand."""
    reconcilers: list[Reconciler] = []

    def reconcile_on(connection: Connection) -> None:
        if reconcilers:
            reconcilers[0].use(connection)
        else:
            reconcilers.append(Reconciler(connection, held))

    rules = Rules(_seconds(settings.association_wait_seconds), _seconds(settings.quiet_seconds))
    return Agents(
        Assemble(_hand(settings), rules, _seconds(settings.final_after_seconds)),
        MeasureAgent(_hand(settings), Reader(settings), settings.assume_disease),
        ForecastAgent(_hand(settings, reconcile_on), lambda: reconcilers[0]),
    )


class Reader:
    """Measures the files of a complete scan, read from the archive."""

    def __init__(self, settings: Settings) -> None:
        self._archive = Archive(settings.archive)
        self._settings = settings
        self._lock = threading.Lock()
        self._pseudonyms: Pseudonyms | None = None

    def __call__(self, scan: Complete) -> Measured:
        """What the files say; raises SetAside, and OSError while the archive is away."""
        if not self._archive.folder.is_dir():
            raise FileNotFoundError(f"the archive {self._archive.folder} is away")
        files = [self._archive.find(self._archive.uri(sha256)) for sha256 in scan.files]
        found = measure_scan(files, self._names(), scan.received_as)
        return Measured(tuple(found.measurements), found.disease_hint, found.note)

    def _names(self) -> Pseudonyms:
        with self._lock:
            if self._pseudonyms is None:
                with connect(self._settings, "worker") as connection:
                    self._pseudonyms = pseudonyms(self._settings, connection)
            return self._pseudonyms


def _nothing(_: Connection) -> None:
    """Most agents keep nothing on their connection."""


def _hand(settings: Settings, on_connect: Callable[[Connection], None] = _nothing) -> Hand:
    publisher = Publisher(kafka_servers(settings), settings.partitions)
    return Hand(partial(connect, settings, "worker"), publisher, on_connect)


def _seconds(value: float) -> dt.timedelta:
    return dt.timedelta(seconds=value)
