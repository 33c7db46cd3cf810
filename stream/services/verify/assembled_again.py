"""Every scan against what was accepted of it: its newest revision is made of what counts, and is of the right day."""

import datetime as dt
import math
import random
from collections.abc import Sequence

from stream.services.assembling.completeness import GatheredScan, next_revisions
from stream.services.assembling.gathering import gathered
from stream.services.verify.acceptance import WITHIN
from stream.services.verify.finding import Finding
from stream.services.verify.invariants import Invariant
from stream.storage.database import Connection
from stream.storage.intake import assembly, instances
from stream.storage.table_scan import ALL

TOGETHER = 500
"""Scans read at a time."""


def assembled_again(connection: Connection, now: dt.datetime, percent: float = ALL) -> Finding:
    """All scans that files were accepted for, or a random `percent`; what came within T of I2 may be on its way."""
    finding = Finding.of(Invariant.ASSEMBLED_AGAIN)
    scans = instances.scans(connection)
    sample = random.sample(scans, math.ceil(len(scans) * percent / ALL))
    for first in range(0, len(sample), TOGETHER):
        read = gathered(connection, sample[first : first + TOGETHER])
        finding.fail_each(len(read), [_told(scan) for scan in _wrong(connection, read, now)])
    return finding


def _wrong(connection: Connection, scans: Sequence[GatheredScan], now: dt.datetime) -> list[GatheredScan]:
    """Those of `scans` that need a revision which nobody will make, or has had T to make."""
    behind = [scan for scan in scans if next_revisions(scan)]
    uids = [scan.scan_uid for scan in behind]
    excused = assembly.unmade_set_asides(connection, uids) | instances.of_busy_patients(connection, uids, now - WITHIN)
    return [scan for scan in behind if scan.scan_uid not in excused]


def _told(scan: GatheredScan) -> str:
    of_day = "what was accepted says another day" if scan.is_misdated else "it is not made of what was accepted"
    return f"scan {scan.scan_uid} revision {scan.revision}: {of_day}"
