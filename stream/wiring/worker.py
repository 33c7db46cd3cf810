"""Construction of a worker: its agents, each with an executor of its own, and the Faust app around them."""

import datetime as dt
from collections.abc import Callable
from functools import cache, partial

from models.serving.forecaster import Forecaster, device_name
from stream.agents.app import Agents, build_app, run
from stream.agents.assemble import Assemble
from stream.agents.executor import Executor
from stream.agents.explain import ExplainAgent
from stream.agents.forecast import ForecastAgent
from stream.agents.in_flight import InFlight
from stream.agents.measure import MeasureAgent
from stream.agents.outline import OutlineAgent
from stream.agents.watchdog import Watchdog
from stream.archive.audit_witness import AuditWitness
from stream.archive.kept_weights import forecasters, keep_weights, kept
from stream.archive.originals import Archive
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.scan_reading import ScanReader
from stream.endpoints import kafka_login
from stream.errors import CannotStart
from stream.publisher import Publisher
from stream.services.assembling.completeness import Rules
from stream.services.folding.reconcile import Reconciler
from stream.services.heartbeat import Heartbeat
from stream.services.recovery.suspects import charge
from stream.services.witnessing import Witnessing
from stream.settings import Settings
from stream.storage.database import Connection, Outage, connect
from stream.wiring.archive_reading import archive_reader, needs_outline
from stream.wiring.garbage import keep_for_good
from stream.wiring.heartbeat import heartbeat
from stream.wiring.pseudonyms import pseudonyms

READERS = 2
"""Scans that are read at once: more than two would take the processor from the folds."""


def run_worker(settings: Settings) -> None:
    """Assemble, measure and forecast until SIGTERM."""
    keep_weights(settings)
    in_flight = InFlight(settings.run / "hands")
    ids = _begin(settings, in_flight)
    readers = ScanReader(archive_reader(settings, Archive(settings.archive), ids), READERS)
    agents = worker_agents(settings, forecasters(settings, settings.device), in_flight, readers)
    folder = settings.run / "faust"
    folder.mkdir(parents=True, exist_ok=True)  # a worker alone on its machine is the first to need it
    app = build_app(kafka_login(settings, "worker"), agents, folder, settings.partitions)
    witnessing = Witnessing(AuditWitness(settings.archive))
    beats = heartbeat(settings, "worker", device_name(settings.device), tell=witnessing.look)
    keep_for_good()
    beats.start()
    run(app, partial(_end, in_flight, beats))


def _end(in_flight: InFlight, beats: Heartbeat) -> None:
    in_flight.empty()
    beats.stop()


def _begin(settings: Settings, in_flight: InFlight) -> Pseudonyms:
    """Tell the database what workers of this machine died with; the pseudonyms. Raises CannotStart."""
    try:
        with connect(settings, "worker") as connection:
            for items, forget in in_flight.left_behind():
                charge(connection, items, dt.datetime.now(dt.UTC), forget)
            return pseudonyms(settings, connection)
    except Outage:
        raise CannotStart("Postgres does not answer: start it, or correct SCANSTREAM_DATABASE_URL.") from None


def worker_agents(settings: Settings, held: list[Forecaster], in_flight: InFlight, readers: ScanReader) -> Agents:
    """The three agents, what outlines and what explains, each with its own executor, and a watchdog over all of them.

    Explanations come from the CPU, by forecasters of their own, so that they wait for no fold and no fold for them.
    """
    reconcilers: list[Reconciler] = []
    connect_worker = partial(connect, settings, "worker")

    def reconcile_on(connection: Connection) -> None:
        writing = connect_worker()
        if reconcilers:
            reconcilers[0].use(connection, writing)
        else:
            reconcilers.append(Reconciler(connection, held, partial(kept, settings, settings.device), writing))

    def executor(name: str, on_connect: Callable[[Connection], None] = _nothing) -> Executor:
        publisher = Publisher(kafka_login(settings, "worker"), settings.partitions)
        return Executor(connect_worker, publisher, on_connect, partial(in_flight.holding, name))

    assemble, measure, forecast = executor("assemble"), executor("measure"), executor("forecast", reconcile_on)
    explain, outline = executor("explain"), executor("outline")
    Watchdog([assemble, measure, forecast, explain, outline], connect_worker).start()
    wait, quiet = _seconds(settings.association_wait_seconds), _seconds(settings.quiet_seconds)
    rules = Rules(wait, quiet, frozenset(settings.series_required()))
    forecasts = ForecastAgent(forecast, lambda: reconcilers[0])
    outliner = OutlineAgent(outline, readers.patient, settings.assume_disease, partial(needs_outline, settings.archive))
    return Agents(
        Assemble(assemble, rules, _seconds(settings.final_after_seconds)),
        MeasureAgent(measure, readers.quick, settings.assume_disease, outliner, READERS),
        forecasts,
        ExplainAgent(explain, cache(partial(kept, settings, "cpu")), lambda: forecasts.busy),
        outliner,
    )


def _nothing(_: Connection) -> None:
    """Most agents keep nothing on their connection."""


def _seconds(value: float) -> dt.timedelta:
    return dt.timedelta(seconds=value)
