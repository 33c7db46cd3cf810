"""How long a patient waits whose partition belonged to a worker that was killed."""

import datetime as dt
import itertools
import os
import random
import signal
from pathlib import Path

from kafka.partitioner.default import murmur2

from tests.faults.faults import at_work, group
from tests.faults.traffic import follow_up
from tests.faults.trial import Trial
from tests.journey.service import SETTLE_SECONDS, Service
from tests.waiting import wait_until

FIRST_FOLDS = """SELECT s.received_as, min(f.computed_at) FROM core.receipts c JOIN core.scans s USING (scan_uid)
JOIN core.ledger g ON g.kind = 'scan' AND g.id = s.scan_uid JOIN core.folds f USING (fold_id)
WHERE c.received_at > %s GROUP BY 1"""


def seconds_after_a_kill(trial: Trial, folder: Path, rng: random.Random) -> tuple[float, float]:
    """Kill one of two workers while scans of new patients arrive; seconds from the kill until the first scan that came
    after it is in the ledger: the first of all, and the first of the partition that waited longest."""
    service = trial.service
    wait_until(lambda: _is_whole(service), SETTLE_SECONDS)
    trial.send(follow_up(folder / "before", rng, patients=8, visits=2))
    killed_at = dt.datetime.now(dt.UTC)
    os.kill(rng.choice(at_work(service)), signal.SIGKILL)
    folders = (folder / str(number) for number in itertools.count())

    def all_partitions_go_on() -> bool:
        trial.send(follow_up(next(folders), rng, patients=8, visits=2))
        return len(_first_folds(service, killed_at)) == service.settings.partitions

    wait_until(all_partitions_go_on, SETTLE_SECONDS)
    seconds = _first_folds(service, killed_at).values()
    return min(seconds), max(seconds)


def _first_folds(service: Service, since: dt.datetime) -> dict[int, float]:
    """Seconds from `since` until the first fold of a scan that came later, by partition."""
    found: dict[int, float] = {}
    for received_as, at in service.ask(FIRST_FOLDS, [since], role="worker"):
        partition = (murmur2(received_as.encode()) & 0x7FFFFFFF) % service.settings.partitions
        seconds = (at - since).total_seconds()
        found[partition] = min(seconds, found.get(partition, seconds))
    return found


def _is_whole(service: Service) -> bool:
    """Whether both workers are members of a group that has settled."""
    return group(service) == ("Stable", len(at_work(service))) == ("Stable", 2)
