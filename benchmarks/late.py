"""What a late scan costs, by the length of the timeline and by how far back it belongs.

`python -m benchmarks.late` measures it alone; Postgres and the reconciler, without Kafka and other parts.
"""

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from stream.endpoints import choose_endpoints, free_port, save_endpoints
from stream.local.embedded import postgres
from stream.local.supervisor import Supervisor
from stream.services.facts.clinical import ImportedVisit, accept_visits
from stream.services.folding.reconcile import Reconciler
from stream.settings import Settings, load_settings
from stream.storage.database import Connection, connect, upgrade
from stream.wiring.garbage import keep_for_good
from tests.services.accepted_facts import forecasters, lung

LENGTHS, DEPTHS = (10, 50, 200), (0, 1, 5)
PATIENTS, ROUNDS = 32, 3
BETWEEN_DAYS = 10


@dataclass(frozen=True)
class LateCosts:
    """Milliseconds a patient: a scan that belongs `depth` back, `depth` + 1 scans in order, everything from scratch."""

    length: int
    depth: int
    late: float
    in_order: float
    whole: float


def measure(settings: Settings) -> Iterator[LateCosts]:
    """The best of some rounds for each length and depth; each for patients of its own."""
    with connect(settings, "worker", timeouts=False) as connection:
        reconciler = Reconciler(connection, forecasters())
        keep_for_good()
        for length in LENGTHS:
            for depth in DEPTHS:
                yield _measured(settings, connection, reconciler, length, depth)


def _measured(settings: Settings, connection: Connection, reconciler: Reconciler, length: int, depth: int) -> LateCosts:
    patients = [f"P{length}x{depth}x{number}" for number in range(PATIENTS)]
    visits = iter(range(10_000))
    in_order = lambda count: [next(visits) * BETWEEN_DAYS for _ in range(count)]  # noqa: E731
    fold_visits(connection, reconciler, patients, in_order(length))
    _analyse(settings)
    appended = [fold_visits(connection, reconciler, patients, in_order(depth + 1)) for _ in range(ROUNDS)]
    last = (next(visits) - 1) * BETWEEN_DAYS
    place = last - depth * BETWEEN_DAYS + 1  # this many of those that stand come after it
    late = [fold_visits(connection, reconciler, patients, [place + number]) for number in range(ROUNDS)]
    afresh = [one.weights_version for one in forecasters()]
    whole = _timed(lambda: reconciler.patients(patients, afresh))
    return LateCosts(length, depth, *(1000 * seconds / PATIENTS for seconds in (min(late), min(appended), whole)))


def fold_visits(connection: Connection, reconciler: Reconciler, patients: Sequence[str], days: Sequence[int]) -> float:
    """Seconds to fold one new scan of every patient on each of `days`, all at once; no size tells of progression."""
    new: list[ImportedVisit] = [lung(one, str(day), day, 20.0 + day % 5) for one in patients for day in days]
    with connection.transaction():
        accept_visits(connection, new, dt.datetime.now(dt.UTC))
    return _timed(lambda: reconciler.patients(patients))


def _timed(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def _analyse(settings: Settings) -> None:
    """As autovacuum does after a while: without statistics Postgres plans badly."""
    with connect(settings, "migrator", timeouts=False) as owner:
        owner.execute("ANALYZE")


@contextmanager
def only_postgres() -> Iterator[Settings]:
    """Settings of a Postgres that has nothing else beside it."""
    with tempfile.TemporaryDirectory(prefix="scanstream-bench-") as folder:
        data = Path(folder) / "data"
        settings = load_settings(data_dir=data, dicom_port=free_port(), dashboard_port=free_port())
        with Supervisor(settings.run) as supervisor:
            endpoints = choose_endpoints()
            endpoints = replace(endpoints, postgres_socket=postgres.prepare(data, endpoints))
            save_endpoints(settings, endpoints)
            supervisor.start(postgres.part(data, endpoints))
            postgres.make_roles(endpoints)
            upgrade(settings)
            yield settings


if __name__ == "__main__":
    with only_postgres() as alone:
        for costs in measure(alone):
            beside = f"in order {costs.in_order:.1f}, whole {costs.whole:.1f}"
            print(f"{costs.length} scans, {costs.depth} back: {costs.late:.1f} ms, {beside}")
