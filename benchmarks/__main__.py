"""`python -m benchmarks [TIMEPOINTS]`: a whole service of its own, measured; exit code 1 when a stated ratio is missed.

TIMEPOINTS: how many the mass replay takes, 100,000 unless said.
"""

import datetime as dt
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import door, late, latency, processes, replay, report, safeguards, throughput
from stream.terminal.progress import progress
from tests.journey.service import Service

STEPS = 11
"""Start, four latencies, the door, throughput, mass replay, memory, late scans, safeguards."""


def main() -> None:
    """Measure, write docs/benchmarks.md, print it."""
    started, load = dt.datetime.now(dt.UTC), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="scanstream-bench-") as folder, progress("bench", STEPS) as advance:
        service = Service(Path(folder))
        try:
            starts = processes.start(service)
            advance(1)
            latencies = []
            for one in latency.measure(service, Path(folder)):
                latencies.append(one)
                advance(1)
            doors = door.measure(service, Path(folder))
            advance(1)
            found = throughput.measure(service, Path(folder))
            advance(1)
            replayed = replay.measure(service, Path(folder), *map(int, sys.argv[1:2]))
            advance(1)
            memories = processes.memory(service)
            advance(1)
        finally:
            service.end()
        with late.only_postgres() as settings:
            lates = list(late.measure(settings))
            advance(1)
            costs = safeguards.measure(settings)
            advance(1)
    print(report.write(started, load, latencies, doors, found, replayed, lates, costs, starts, memories))
    stated = [*report.door_ratios(doors), *report.ratios(found), *report.replay_ratios(replayed)]
    if missed := [one for one in stated if not one.holds]:
        sys.exit("\n".join(f"{one.value:.3g} × {one.over}, stated is {one.stated:g}." for one in missed))


main()
