"""`python -m benchmarks`: a whole service of its own, measured; exit code 1 when a stated ratio is missed."""

import datetime as dt
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import latency, processes, report, throughput
from stream.progress import progress
from tests.journey.service import Service

STEPS = 7
"""Start, four latencies, throughput, memory."""


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
            found = throughput.measure(service, Path(folder))
            advance(1)
            memories = processes.memory(service)
            advance(1)
        finally:
            service.end()
    print(report.write(started, load, latencies, found, starts, memories))
    if missed := [one for one in report.ratios(found) if not one.holds]:
        sys.exit("\n".join(f"{one.value:.3g} × {one.over}, stated is {one.stated:g}." for one in missed))


main()
