"""Files that arrive one after the other, each followed through assembling, measuring and folding to its end."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from models.measurement import Measurement
from stream.errors import SetAside
from stream.measured_scan import MeasuredScan
from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile
from stream.services.accepting.received_files import accept, close_association
from stream.services.assembling import assembly
from stream.services.facts.identity_effects import apply_next, next_event
from stream.services.facts.identity_events import move_to_named
from stream.services.folding.reconcile import Reconciler
from stream.services.measuring import measurement
from stream.storage.database import Connection
from stream.storage.intake.measurements import CompleteScan
from tests.database import Database
from tests.services.accepted_facts import forecasters
from tests.services.assembling.test_assembly import RULES
from tests.services.receipts import described, moments_later, received

Status = tuple[str, int, str]
"""Scan, revision and status."""


def report(scan: str, name: str = "r", patient: str = "PA", **more: object) -> DescribedInstance:
    """A report in `scan`."""
    return described(scan, name, patient, kind="sr", modality="SR", **more)


def note(scan: str, name: str, *takes: str, because: str = "quality", patient: str = "PA") -> DescribedInstance:
    """A rejection note in `scan` that takes back instances."""
    return described(scan, name, patient, kind="kos", modality="KO", withdraws=takes, withdraws_because=because)


class Arrivals:
    """What arrives comes a minute apart; `sizes`: what reports measure in mm, by instance, 20 where not said."""

    def __init__(self, database: Database, sizes: Mapping[str, float] | None = None) -> None:
        self.worker = database.connect()
        self._gateway = database.connect("gateway")
        self._reconciler = Reconciler(self.worker, forecasters())
        self.sizes = {hashlib.sha256(uid.encode()).hexdigest(): mm for uid, mm in (sizes or {}).items()}
        self._minutes = 0

    def bring(self, *whats: DescribedInstance, content: str = "") -> None:
        """Take `whats` over one association and follow them to their end."""
        self._minutes += 1
        at = moments_later(60 * self._minutes)
        files = [replace(self._file(what, content), received_at=at) for what in whats]
        accept(self._gateway, files)
        scans = sorted({what.scan_uid for what in whats})
        move_to_named(self._gateway, scans)
        while next_event(self.worker) is not None:
            apply_next(self.worker, self._reconciler)
        close_association(self._gateway, str(self._minutes), at, scans)
        self.follow(scans)

    def _file(self, what: DescribedInstance, content: str) -> ReceivedFile:
        file = received(what, content, f"{what.instance_uid} {content} {self._minutes}", str(self._minutes))
        if what.kind == "sr":
            self.sizes.setdefault(file.sha256, 20.0)
        return file

    def follow(self, scans: Sequence[str]) -> None:
        """Do what the bells of `scans` ask for, until nothing is left to do."""
        bells = assembly.gather(self.worker, scans, RULES, self.now())
        self.measure([(bell.scan_uid, bell.revision) for bell in bells])
        self.fold(*(bell.scan_uid for bell in bells))

    def fold(self, *scans: str) -> None:
        """Bring the timelines of `scans` into line."""
        self._reconciler.scans(scans)

    def measure(self, revisions: Sequence[tuple[str, int]]) -> None:
        """Measure those of `revisions` that wait for it."""
        with ThreadPoolExecutor(1) as readers:
            waiting = measurement.waiting(self.worker, revisions)
            measurement.measure(self.worker, waiting, self.read, "", readers)

    def read(self, scan: CompleteScan) -> MeasuredScan:
        """What the files of `scan` say; a size below zero cannot be."""
        sizes = [self.sizes[sha256] for sha256 in scan.files if sha256 in self.sizes]
        if any(mm < 0 for mm in sizes):
            raise SetAside("bad_value", "A size is negative.")
        lesions = [Measurement("longest_diameter", mm, "SR", f"lesion-{number}", "Nodule", "lung")
                   for number, mm in enumerate(sorted(sizes))]  # fmt: skip
        return MeasuredScan(tuple(lesions), "lung", None)

    def now(self) -> dt.datetime:
        """Half a minute after the last arrival."""
        return moments_later(60 * self._minutes + 30)

    def statuses(self) -> list[Status]:
        """Of all revisions, as the view tells them."""
        return statuses(self.worker)


def statuses(connection: Connection) -> list[Status]:
    """Of all revisions, as the view tells them."""
    query = "SELECT scan_uid, revision, status FROM scanstream.scan_status ORDER BY 1, 2"
    return connection.execute(query).fetchall()
