"""Which checks `scanstream verify` runs, and by which words it names what they look at."""

from pathlib import Path

from stream.measured_scan import MeasuredScan
from stream.services.verify.all_checks import check_all
from stream.services.verify.invariants import NAMES, Invariant
from stream.storage.intake.measurements import CompleteScan
from tests.database import Database
from tests.services.accepted_facts import forecasters

IN_ORDER = [
    *("I1", "I2", "I3", "I4", "I5", "I7 timelines", "course", "I6", "I7 folds"),
    *("assembled", "measured", "hashes", "audit", "worklist", "explained", "I9"),
]
"""What is printed; others look for these ids."""


def nothing_measured(_: CompleteScan) -> MeasuredScan:
    return MeasuredScan((), None, None)


def test_every_invariant_has_its_name_in_words() -> None:
    assert set(NAMES) == set(Invariant)
    assert len(set(NAMES.values())) == len(NAMES)


def test_all_that_rows_and_files_can_show_is_checked_in_order(database: Database, tmp_path: Path) -> None:
    connection, vault = database.connect(), database.connect("vault")
    findings = check_all(connection, vault, tmp_path.joinpath, forecasters(), nothing_measured, "")
    assert [finding.invariant for finding in findings] == IN_ORDER
    assert [finding.says for finding in findings] == [NAMES[finding.invariant] for finding in findings]
    assert set(Invariant) - set(IN_ORDER) == {Invariant.STOPPED_WORKER}
    assert not any(finding.failed for finding in findings)
