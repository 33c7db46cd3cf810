"""Construction of a worker: its agents, each with a hand of its own, and the Faust app around them."""

import datetime as dt
import os
from collections.abc import Callable
from functools import partial

from models.serving.forecaster import Forecaster
from stream.agents.app import Agents, build_app, run
from stream.agents.assemble import Assemble
from stream.agents.executor import Hand
from stream.agents.forecast import ForecastAgent
from stream.agents.in_flight import InHand
from stream.agents.measure import MeasureAgent
from stream.agents.watchdog import Watchdog
from stream.archive.kept_weights import forecasters, keep_weights, kept
from stream.archive.originals import Archive
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.endpoints import kafka_servers
from stream.errors import ArchiveAway, CannotStart, SetAside
from stream.publisher import Publisher
from stream.services.assembling.completeness import Rules
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring.measurement import Complete, Measured
from stream.services.recovery.suspects import charge
from stream.settings import Settings
from stream.storage.database import Connection, Outage, connect
from stream.wiring.garbage import keep_for_good
from stream.wiring.pseudonyms import pseudonyms


def run_worker(settings: Settings) -> None:
    """Assemble, measure and forecast until SIGTERM."""
    keep_weights(settings)
    in_hand = InHand(settings.run / "hands")
    names = _begin(settings, in_hand)
    agents = worker_agents(settings, forecasters(settings, settings.device), in_hand, names)
    folder = settings.run / "faust"
    folder.mkdir(parents=True, exist_ok=True)  # a worker alone on its machine is the first to need it
    app = build_app(kafka_servers(settings), agents, folder, settings.partitions)
    keep_for_good()
    run(app, in_hand.empty)


def _begin(settings: Settings, in_hand: InHand) -> Pseudonyms:
    """Tell the database what workers of this machine died with; the pseudonyms. Raises CannotStart."""
    try:
        with connect(settings, "worker") as connection:
            for items, forget in in_hand.left_behind():
                charge(connection, items, dt.datetime.now(dt.UTC), forget)
            return pseudonyms(settings, connection)
    except Outage:
        raise CannotStart("Postgres does not answer: start it, or correct SCANSTREAM_DATABASE_URL.") from None


def worker_agents(settings: Settings, held: list[Forecaster], in_hand: InHand, names: Pseudonyms) -> Agents:
    """The three agents, each with its own hand, and a watchdog that looks after them."""
    reconcilers: list[Reconciler] = []

    def reconcile_on(connection: Connection) -> None:
        if reconcilers:
            reconcilers[0].use(connection)
        else:
            reconcilers.append(Reconciler(connection, held, partial(kept, settings, settings.device)))

    connect_worker = partial(connect, settings, "worker")

    def hand(name: str, on_connect: Callable[[Connection], None] = _nothing) -> Hand:
        publisher = Publisher(kafka_servers(settings), settings.partitions)
        return Hand(connect_worker, publisher, on_connect, partial(in_hand.holding, name))

    assemble, measure, forecast = hand("assemble"), hand("measure"), hand("forecast", reconcile_on)
    Watchdog([assemble, measure, forecast], connect_worker).start()
    wait, quiet = _seconds(settings.association_wait_seconds), _seconds(settings.quiet_seconds)
    rules = Rules(wait, quiet, frozenset(settings.series_required()))
    return Agents(
        Assemble(assemble, rules, _seconds(settings.final_after_seconds)),
        MeasureAgent(measure, Reader(Archive(settings.archive), names), settings.assume_disease),
        ForecastAgent(forecast, lambda: reconcilers[0]),
    )


class Reader:
    """Measures the files of a complete scan, read from the archive."""

    def __init__(self, archive: Archive, names: Pseudonyms) -> None:
        self._archive = archive
        self._pseudonyms = names

    def __call__(self, scan: Complete) -> Measured:
        """What the files say; raises SetAside, and ArchiveAway while the archive cannot be read."""
        self._check_archive()
        try:
            files = [self._archive.find(self._archive.uri(sha256)) for sha256 in scan.files]
            found = measure_scan(files, self._pseudonyms, scan.received_as)
        except (OSError, SetAside):
            self._check_archive()  # it may have gone meanwhile
            raise
        return Measured(tuple(found.measurements), found.disease_hint, found.note, found.embedding)

    def _check_archive(self) -> None:
        """An archive holds weights at least: where nothing can be listed, it is an empty mount point or less."""
        try:
            with os.scandir(self._archive.folder) as entries:
                next(entries)
        except (OSError, StopIteration):
            raise ArchiveAway(f"the archive {self._archive.folder} is away") from None


def _nothing(_: Connection) -> None:
    """Most agents keep nothing on their connection."""


def _seconds(value: float) -> dt.timedelta:
    return dt.timedelta(seconds=value)
