"""Reports that name each other as predecessors: one of them counts, whoever sent which first."""

from collections.abc import Set
from pathlib import Path

import pytest
from pydicom import Dataset

from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.predecessors import circles
from tests.dicom.content_items import LONG_AXIS, group, number, report
from tests.dicom.factories import replacing, save


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ({"b": {"a"}, "c": {"b"}, "d": {"b", "elsewhere"}}, set()),
        ({"b": {"a"}, "a": {"b"}}, {"ab"}),
        ({"b": {"a"}, "c": {"b"}, "a": {"c"}, "d": set(), "f": {"e"}, "e": {"f"}}, {"abc", "ef"}),
        ({"b": {"a", "x"}, "a": {"b"}}, {"ab"}),
        ({"b": {"a"}, "a": {"b"}, "c": {"a"}}, set()),
    ],
    ids=["a chain", "two", "two circles", "they replace another", "another replaces them"],
)
def test_a_circle_is_of_reports_that_only_replace_each_other(named: dict[str, Set[str]], found: set[str]) -> None:
    assert {"".join(sorted(circle)) for circle in circles(named)} == found


@pytest.mark.parametrize("reports", [2, 3])
def test_of_reports_that_replace_each_other_the_latest_counts(
    pseudonyms: Pseudonyms, tmp_path: Path, reports: int
) -> None:
    made = [_made_at(hour, size=float(10 * hour)) for hour in range(1, reports + 1)]
    named = [replacing(one, made[position - 1]) for position, one in enumerate(made)]
    files = [save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in named]
    scan = measure_scan(files, pseudonyms, "P1")
    assert [one.value for one in scan.measurements] == [10.0 * reports]
    assert [row.reason for row in scan.unused] == ["replaced by a later report"] * (reports - 1)


def _made_at(hour: int, size: float) -> Dataset:
    """A report of one lesion, which every report calls otherwise: only being replaced keeps it from adding."""
    lesion = group(number(LONG_AXIS, size), identifier=f"lesion {hour}", uid=f"1.{hour}")
    return report(lesion, ContentDate="20200302", ContentTime=f"{hour:02}0000")
