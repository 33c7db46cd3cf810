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


@pytest.mark.parametrize("study", ["", "1.2.840.7"])
def test_a_report_says_that_it_names_one_of_another_study(pseudonyms: Pseudonyms, tmp_path: Path, study: str) -> None:
    earlier, later = _made_at(1, 10.0), _made_at(2, 20.0)
    earlier.StudyInstanceUID = study or later.StudyInstanceUID
    scan = measure_scan([save(replacing(later, earlier), tmp_path / "later.dcm")], pseudonyms, "P1")
    told = "the report of another study that it names as its predecessor counts, unless both are of one day"
    assert [row.reason for row in scan.unused] == ([told] if study else [])
    assert [one.value for one in scan.measurements] == [20.0]


def _made_at(hour: int, size: float) -> Dataset:
    """A report of one lesion, which every report calls otherwise: only being replaced keeps it from adding."""
    lesion = group(number(LONG_AXIS, size), identifier=f"lesion {hour}", uid=f"1.{hour}")
    return report(lesion, ContentDate="20200302", ContentTime=f"{hour:02}0000", StudyInstanceUID="1.2.840.1")
