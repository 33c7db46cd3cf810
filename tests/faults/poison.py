"""Imported by a worker before it runs: what `POISON` names kills the process that works on it, be it a child.

`POISON` is `measure:<patient>` or `forecast:<patient>`, the patient by pseudonym.
"""

import os
import signal
from typing import Any

import stream.dicom.archive_reader
import stream.services.folding.reconcile

where, _, patient = os.environ["POISON"].partition(":")
measure_scan, fold = stream.dicom.archive_reader.measure_scan, stream.services.folding.reconcile.fold


def _measure(files: Any, pseudonyms: Any, received_as: str, *rest: Any) -> Any:
    if received_as == patient:
        os.kill(os.getpid(), signal.SIGKILL)
    return measure_scan(files, pseudonyms, received_as, *rest)


def _fold(plans: Any, *rest: Any) -> Any:
    if any(one.timeline.patient_id == patient for one in plans):
        os.kill(os.getpid(), signal.SIGKILL)
    return fold(plans, *rest)


if where == "measure":
    stream.dicom.archive_reader.measure_scan = _measure
else:
    stream.services.folding.reconcile.fold = _fold
