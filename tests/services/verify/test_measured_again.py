"""A wrong value that every hash agrees with is found by reading the files again."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stream.errors import SetAside
from stream.measured_scan import KeySlice, MeasuredScan
from stream.png import png
from stream.services.verify import measured_again as measured_again_module
from stream.services.verify.finding import Finding
from stream.services.verify.measured_again import CURE, measured_again
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.intake.measurements import CompleteScan
from tests.database import Database
from tests.services.arrivals import Arrivals, report


@pytest.fixture
def arrivals(database: Database) -> Arrivals:
    """Two patients with a report each, of 10 and of 20 mm."""
    arrivals = Arrivals(database, {"s1/r": 10.0, "s2/r": 20.0})
    arrivals.bring(report("s1"))
    arrivals.bring(report("s2", patient="PB"))
    return arrivals


def found(arrivals: Arrivals, read: Callable[[CompleteScan], MeasuredScan] | None = None) -> Finding:
    return measured_again(arrivals.worker, read or arrivals.read, "")


def test_what_stands_is_what_the_files_say(arrivals: Arrivals) -> None:
    finding = found(arrivals)
    assert (finding.checked, finding.failed) == (2, 0)


def test_a_scan_measured_wrongly_is_named_with_the_cure_though_all_hashes_fit(arrivals: Arrivals) -> None:
    for sha256 in arrivals.sizes:
        arrivals.sizes[sha256] += 1.0 if arrivals.sizes[sha256] == 10.0 else 0.0  # what the file says in truth
    finding = found(arrivals)
    assert (finding.checked, finding.failed) == (2, 1)
    assert finding.first == [f"scan s1 revision 1: {CURE}"]


@pytest.mark.parametrize("file", [png(np.ones((2, 3), np.uint8)), b"no picture"])
def test_a_picture_that_the_files_do_not_show_is_named(arrivals: Arrivals, file: bytes) -> None:
    drawn = KeySlice("lesion-0", png(np.zeros((2, 3), np.uint8)), 3, 2, 0.5, "axial", 4, 9, 80.0, "i")

    def read(scan: CompleteScan) -> MeasuredScan:
        return replace(arrivals.read(scan), key_slices=(drawn,) if scan.scan_uid == "s1" else ())

    assert found(arrivals, read).first == [f"scan s1 revision 1: {CURE}"]
    names = {"scan_uid": "s1", "revision": 1}
    append(arrivals.worker, schema.key_slices, [{**names, **drawn._replace(png=file)._asdict()}])
    assert found(arrivals, read).first == [f"scan s1 revision 1: {CURE}"]


def test_a_picture_that_the_files_show_is_right(arrivals: Arrivals) -> None:
    drawn = KeySlice("lesion-0", png(np.zeros((2, 3), np.uint8)), 3, 2, 0.5, "axial", 4, 9, 80.0, "i")
    append(arrivals.worker, schema.key_slices, [{"scan_uid": "s1", "revision": 1, **drawn._asdict()}])
    shown = {"s1": (drawn,)}
    finding = found(arrivals, lambda scan: replace(arrivals.read(scan), key_slices=shown.get(scan.scan_uid, ())))
    assert (finding.checked, finding.failed) == (2, 0)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SetAside("bad_value", "A size of -3 mm."), "bad_value: A size of -3 mm."),
        (FileNotFoundError(2, "No such file"), "cannot be read again: No such file"),
    ],
)
def test_files_that_cannot_be_read_any_more_fail_with_the_reason(
    arrivals: Arrivals, error: Exception, told: str
) -> None:
    def read(_: CompleteScan) -> MeasuredScan:
        raise error

    assert sorted(found(arrivals, read).first) == [f"scan {scan} revision 1: {told}" for scan in ("s1", "s2")]


def test_of_a_share_of_the_scans_only_that_is_read(arrivals: Arrivals) -> None:
    assert measured_again(arrivals.worker, arrivals.read, "", percent=50.0).checked == 1


def test_of_many_scans_some_are_read_by_chance(arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured_again_module, "AT_MOST", 1)
    looked_at = {scan for _ in range(50) for scan in scans_read(arrivals)}
    assert looked_at == {"s1", "s2"}


def scans_read(arrivals: Arrivals) -> list[str]:
    """The scans whose files one run reads."""
    read: list[str] = []

    def remember(scan: CompleteScan) -> MeasuredScan:
        read.append(scan.scan_uid)
        return arrivals.read(scan)

    assert found(arrivals, remember).checked == len(read) == 1
    return read
