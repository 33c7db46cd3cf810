"""A child measures as this process would, and a scan beyond its budget is one scan's misfortune."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from stream.archive.originals import Archive
from stream.dicom import scan_reading
from stream.dicom.archive_reader import ArchiveReader
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.scan_reading import ScanReader
from stream.errors import ArchiveAway, SetAside, TakesLong
from stream.measured_scan import MeasuredScan
from stream.services.measuring.measurement import attempt
from stream.settings import Settings
from stream.simulated.segmentation import make_seg
from stream.simulated.synthetic import make_series, save
from stream.storage.intake.measurements import CompleteScan

NOTHING = MeasuredScan((), None, "nothing to measure")
PA = CompleteScan("s1", 1, "PA", "PA", ("0" * 64,), ("SR",))


@pytest.fixture
def reader() -> Iterator[Callable[..., ScanReader]]:
    made: list[ScanReader] = []

    def make(read: Callable[[CompleteScan], MeasuredScan]) -> ScanReader:
        made.append(ScanReader(read, at_once=1))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_what_a_child_measures_is_what_this_process_does(
    reader: Callable[..., ScanReader], settings: Settings, pseudonyms: Pseudonyms, tmp_path: Path
) -> None:
    mask = np.zeros((8, 32, 32), bool)
    mask[2:6, 8:20, 8:20] = True
    images = make_series(mask * np.uint16(800) + np.uint16(100))
    archive = Archive(settings.archive)
    files = [save(one, tmp_path / f"{n}.dcm") for n, one in enumerate([*images, make_seg([mask], images)])]
    kept = tuple(archive.keep(file.read_bytes()).stem for file in files)
    read = ArchiveReader(archive, pseudonyms, settings.zone, True, lambda: ())
    scan = CompleteScan("s1", 1, "PA", "PA", kept, ("MR", "SEG"))
    there = reader(read)
    assert there.patient(scan) == there.quick(scan) == read(scan)
    assert there.quick(scan).key_slices and there.quick(scan).maps


def spin(seconds: float, _: CompleteScan) -> MeasuredScan:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return NOTHING


def test_a_scan_that_takes_long_is_left_and_measured_where_it_has_time(reader: Callable[..., ScanReader]) -> None:
    there = reader(partial(spin, 2.0))
    with pytest.raises(TakesLong):
        there.quick(PA)
    assert there.patient(PA) == NOTHING


def test_beyond_its_budget_a_scan_is_set_aside_with_the_budget_in_words(
    reader: Callable[..., ScanReader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_reading, "PATIENT", scan_reading.QUICK)
    found = attempt(reader(partial(spin, 60.0)).patient, PA)
    assert isinstance(found, SetAside)
    assert (found.reason_code, found.reason) == (
        "too_large",
        "The scan cannot be measured within 0.7 s of processor time.",
    )
    found = attempt(reader(lambda _: bytes(2**31)).patient, PA)
    assert isinstance(found, SetAside)
    assert (found.reason_code, found.reason) == ("too_large", "The scan cannot be measured in 1024 MiB of memory.")


def test_a_scan_that_ends_whoever_measures_it_is_set_aside_and_the_next_is_measured(
    reader: Callable[..., ScanReader],
) -> None:
    def read(scan: CompleteScan) -> MeasuredScan:
        if scan == PA:
            os.kill(os.getpid(), signal.SIGKILL)
        return NOTHING

    there = reader(read)
    with pytest.raises(TakesLong):
        there.quick(PA)
    found = attempt(there.patient, PA)
    assert isinstance(found, SetAside) and found.reason_code == "killed_worker"
    other = CompleteScan("s2", 1, "PB", "PB", ("1" * 64,), ("SR",))
    assert there.quick(other) == there.patient(other) == NOTHING


def test_what_is_not_the_scans_fault_is_told_as_it_is(
    reader: Callable[..., ScanReader], settings: Settings, pseudonyms: Pseudonyms
) -> None:
    there = reader(ArchiveReader(Archive(settings.archive), pseudonyms, settings.zone, True, lambda: ()))
    with pytest.raises(ArchiveAway):
        there.quick(PA)
    Archive(settings.archive).keep(b"something")
    with pytest.raises(SetAside, match="The archive does not have this file"):
        there.quick(PA)
