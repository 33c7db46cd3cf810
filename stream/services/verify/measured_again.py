"""What stands of scans against their files: measured again from the archive, values, features and what is not used.

Hashes show that a row is as it was written; only the files show that it was written right.
"""

import math
import random

from stream.measured_scan import MeasuredScan
from stream.services.measuring.measurement import Measure
from stream.services.measuring.remeasuring import is_as_stored, read_again
from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.storage.database import Connection
from stream.storage.intake.measurements import CompleteScan, complete_scans, standing_revisions
from stream.storage.table_scan import ALL
from stream.vocabulary import Status

AT_MOST = 200
"""Scans read again in one run, some seconds of work: who verifies every night comes to look at all of them."""
CURE = "the files say otherwise now: scanstream replay --remeasure"


def measured_again(connection: Connection, read: Measure, assume_disease: str, percent: float = ALL) -> Finding:
    """Standing revisions made of files, a random `percent` of them and AT_MOST; `read` measures the files."""
    finding = Finding.of(Invariant.MEASURED_AGAIN)
    standing = standing_revisions(connection, None)
    revisions = random.sample(standing, min(AT_MOST, math.ceil(len(standing) * percent / ALL)))
    for scan in complete_scans(connection, revisions, Status.APPLIED):
        says = _measured(read, scan)
        holds = isinstance(says, MeasuredScan) and is_as_stored(connection, scan, says, assume_disease)
        why = CURE if isinstance(says, MeasuredScan) else says
        finding.check(holds, f"scan {scan.scan_uid} revision {scan.revision}: {why}")
    return finding


def _measured(read: Measure, scan: CompleteScan) -> MeasuredScan | str:
    """What the files say, or in words why nothing is known of them."""
    try:
        return read_again(scan, read)
    except OSError as error:  # a file is missing, or the whole archive is away
        return f"cannot be read again: {error.strerror or error}"
