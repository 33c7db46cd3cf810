"""What single safeguards cost a fold, by folding without them: here only, no setting of the product leaves one out.

`python -m benchmarks.safeguards` measures it alone; Postgres and the reconciler, without Kafka and other parts.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from unittest.mock import patch

from benchmarks.late import fold_visits, only_postgres
from stream.agents.in_flight import InFlight
from stream.services.folding import fold_rows
from stream.services.folding.reconcile import Reconciler
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.intake.suspects import WorkItem
from stream.wiring.garbage import keep_for_good
from tests.services.accepted_facts import forecasters

PATIENTS, ROUNDS = 256, 7
"""As many as one batch holds; the median of some rounds counts, in which all ways take turns."""

Without = Callable[[Connection], AbstractContextManager[object]]
NO_HASH = bytes(32)


@contextmanager
def _no_fsync(connection: Connection) -> Iterator[None]:
    connection.execute("SET synchronous_commit = off")
    try:
        yield
    finally:
        connection.execute("RESET synchronous_commit")


WAYS: dict[str, Without] = {
    "all of them": lambda _: nullcontext(),
    "without hashes of rows": lambda _: patch.object(fold_rows, "row_sha256", lambda *_: NO_HASH),
    "without the chain over folds": lambda _: patch.multiple(
        fold_rows, rows_digest=lambda *_: NO_HASH, fold_digest=lambda *_: NO_HASH
    ),
    "without waiting for the disk at commit": _no_fsync,
}


def measure(settings: Settings) -> dict[str, float]:
    """Milliseconds a timepoint by what was left out; the last is a batch's notes of what is in hand, by themselves."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    with connect(settings, "worker", timeouts=False) as connection:
        reconciler = Reconciler(connection, forecasters())
        keep_for_good()
        patients = [f"P{number}" for number in range(PATIENTS)]
        fold_visits(connection, reconciler, patients, [0])
        for number, way in enumerate(way for _ in range(ROUNDS) for way in WAYS):
            with WAYS[way](connection):
                seconds[way].append(fold_visits(connection, reconciler, patients, [10 * (1 + number)]))
    found = {way: 1000 * statistics.median(each) / PATIENTS for way, each in seconds.items()}
    return {**found, "notes of what is in hand": 1000 * statistics.median(map(_noted, range(ROUNDS))) / PATIENTS}


def _noted(_round: int) -> float:
    items = [WorkItem("scan", f"2.25.{number}", 1) for number in range(PATIENTS)]
    with tempfile.TemporaryDirectory() as folder:
        holding = partial(InFlight(Path(folder)).holding, "forecast", items, False)
        started = time.monotonic()
        with holding():
            pass
        return time.monotonic() - started


if __name__ == "__main__":
    with only_postgres() as alone:
        for way, milliseconds in measure(alone).items():
            print(f"{way}: {milliseconds:.3f} ms a timepoint")
