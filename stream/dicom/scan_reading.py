"""Scans measured by children within a budget: one that takes long is left to be measured beside the others.

Torch must not have begun threads of its own when this process is forked: none of them would be there in a child.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import LifoQueue
from typing import Any, NamedTuple

from stream.children.child import NICER, Child, ChildEnded, OverBudget
from stream.children.nursery import MIB, Budget, Nursery
from stream.children.plain import plain, restoring
from stream.errors import SetAside, TakesLong
from stream.measured_scan import MeasuredScan
from stream.services.measuring.measurement import Measure, attempt
from stream.storage.intake.measurements import CompleteScan
from stream.vocabulary import ReasonCode

QUICK = Budget(processor_seconds=0.5, seconds=10.0, memory=1024 * MIB)
PATIENT = Budget(processor_seconds=30.0, seconds=240.0, memory=4096 * MIB)
"""For volumes of a GiB in copies, and for a network of somebody else, which has 150 s (models/bundles/runner.py)."""
QUICK_FOR_FILE, PATIENT_FOR_FILE = 0.01, 0.2
"""More seconds of processor time for each file: a slice that is only listed takes one millisecond, a lesion's tens."""
ENDS = 3
"""Somebody else may have ended a child; three times it was the scan."""


class MeasuredFiles(NamedTuple):
    """What was measured, or why nothing was."""

    measured: MeasuredScan | None
    reason_code: str = ""
    reason: str = ""


class ScanReader:
    """Measures by `read`, some scans at once; to be made while this process has one thread."""

    def __init__(self, read: Measure, at_once: int) -> None:
        nursery = Nursery(partial(_answer, read))
        self._nursery, self._patient = nursery, Child(nursery, NICER)
        self._quick: LifoQueue[Child] = LifoQueue()
        for _ in range(at_once):
            self._quick.put(Child(nursery))

    def quick(self, scan: CompleteScan) -> MeasuredScan:
        """What the files say; raises SetAside, OSError, and TakesLong where others would wait for it."""
        budget = QUICK._replace(processor_seconds=QUICK.processor_seconds + QUICK_FOR_FILE * len(scan.files))
        child = self._quick.get()
        try:
            return _ask(child, scan, budget)
        except (OverBudget, ChildEnded):
            raise TakesLong from None
        finally:
            self._quick.put(child)

    def patient(self, scan: CompleteScan) -> MeasuredScan:
        """The same with far more time and memory; raises SetAside (too_large, killed_worker beside others), OSError."""
        seconds = PATIENT.processor_seconds + PATIENT_FOR_FILE * len(scan.files)
        for _ in range(ENDS):
            with suppress(ChildEnded):
                try:
                    return _ask(self._patient, scan, PATIENT._replace(processor_seconds=seconds))
                except OverBudget as beyond:
                    raise SetAside(ReasonCode.TOO_LARGE, f"The scan cannot be measured {beyond}.") from None
        raise SetAside(ReasonCode.KILLED_WORKER, f"{ENDS} times the process ended that measured the scan.")

    def whole(self, scan: CompleteScan) -> MeasuredScan:
        """The same for who has nobody waiting: quickly where it can be, else with the time and memory of `patient`."""
        try:
            return self.quick(scan)
        except TakesLong:
            return self.patient(scan)

    def close(self) -> None:
        """End the children."""
        self._nursery.close()


def _ask(child: Child, scan: CompleteScan, budget: Budget) -> MeasuredScan:
    said: MeasuredFiles = restoring(MeasuredFiles)(child.ask(plain(scan), budget))
    if said.measured is None:
        raise SetAside(said.reason_code, said.reason)
    return said.measured


def _answer(read: Callable[[CompleteScan], MeasuredScan], asked: Any) -> Any:
    found = attempt(read, restoring(CompleteScan)(asked))
    if isinstance(found, SetAside):
        return plain(MeasuredFiles(None, found.reason_code, found.reason))
    return plain(MeasuredFiles(found))
