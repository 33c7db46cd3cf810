"""`python -m benchmarks.files`: what is asked again and again, beside few files of each scan and beside many.

A thin-slice CT has hundreds of files: what goes through all of them takes longer with every day.
"""

import datetime as dt
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.cohort import receive_files, stand
from benchmarks.late import only_postgres
from stream.services.recovery.sweep import sweep
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.reading import pages, pipeline

PATIENTS, FILES, TIMES = 2000, (10, 250), 9
FINAL_AFTER = dt.timedelta(days=14)
NEWEST = {"limit": 50, "first": 0}
VIEWS = {
    "files and what is pending": (pages.SERVICE, {}),
    "revisions by status": (pages.REVISIONS, {}),
    "rate": (pipeline.THROUGHPUT, {}),
    "senders": (pipeline.SENDERS, {}),
    "newest scans": (pipeline.scans((), False), NEWEST),
    "scans of a sender": (pipeline.scans(["sender"], False), {**NEWEST, "sender": "CT-1"}),
    "scans of a modality": (pipeline.scans(["modality"], False), {**NEWEST, "modality": "CT"}),
    "what waits for a decision": (pipeline.set_aside((), False), NEWEST),
}


def measure(settings: Settings) -> dict[str, float]:
    """Milliseconds of each question, the median of TIMES."""
    with connect(settings, "worker", timeouts=False) as worker:
        taken = {"a pass of the sweep": _median(lambda: sweep(worker, dt.datetime.now(dt.UTC), FINAL_AFTER))}
    with connect(settings, "dashboard", timeouts=False) as dashboard:
        return taken | {name: _median(partial(_ask, dashboard, *asked)) for name, asked in VIEWS.items()}


def _ask(connection: Connection, query: str, values: Mapping[str, object]) -> None:
    connection.execute(query, values).fetchall()


def _median(question: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        question()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def main() -> None:
    """A database of its own for each number of files."""
    found = []
    for files in FILES:
        with only_postgres() as settings:
            for _ in stand(settings, PATIENTS):
                pass
            receive_files(settings, files)
            found.append(measure(settings))
    few, many = found
    print(f"{'ms':32} {FILES[0]:>6} files a scan {FILES[1]:>6}   ratio")
    for name, taken in few.items():
        print(f"{name:32} {taken:19.1f} {many[name]:6.1f} {many[name] / taken:7.1f}")


if __name__ == "__main__":
    main()
