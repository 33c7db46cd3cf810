"""What is read of other makers' objects, compared with what dcmtk and highdicom read of them."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread

from models.measurement import Measurement
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.sop_classes import kind_of
from stream.measured_scan import MeasuredScan
from tests.dicom.factories import save
from tests.dicom.makers.outlines import images
from tests.dicom.makers.table import HEADING, MADE, PAGE, Lesion, Made, section
from tests.programs import needs_program

NUMBER = re.compile(r'NUM:\(.*?\)="([^"]*)" \(([^,]*),')
OUTLINED = ("SEG", "volume")
IN_OUR_UNIT = {"mm": 1.0, "cm": 10.0, "ml": 1.0, "mm3": 0.001, "1": 1.0}


@pytest.fixture(scope="module", params=MADE, ids=str)
def made(request: pytest.FixtureRequest) -> Made:
    return request.param


@pytest.fixture(scope="module")
def files(made: Made, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The scan, its images before what was made of them."""
    folder, shown = tmp_path_factory.mktemp("scan"), images()
    objects = [*shown, *made.make(shown)]
    names = (folder / f"{position}.dcm" for position in range(len(objects)))
    return [one if isinstance(one, Path) else save(one, name) for one, name in zip(objects, names, strict=True)]


@pytest.fixture(scope="module")
def scan(files: list[Path], pseudonyms: Pseudonyms) -> MeasuredScan:
    return measure_scan(files, pseudonyms, "P1")


def of_kind(files: Sequence[Path], kind: str) -> list[Path]:
    return [file for file in files if kind_of(dcmread(file).SOPClassUID) == kind]


def lesions(scan: MeasuredScan) -> list[Lesion]:
    """As the table has them, by label: of a lesion that report and segmentation state, the report's words."""
    by_lesion: dict[str | None, list[Measurement]] = defaultdict(list)
    for one in scan.measurements:
        by_lesion[one.lesion_uid].append(one)
    found = [_lesion(sorted(ones, key=lambda one: one.source != "SR")) for ones in by_lesion.values()]
    return sorted(found, key=lambda one: one.label)


def _lesion(ones: Sequence[Measurement]) -> Lesion:
    first, values = ones[0], {one.measurement: pytest.approx(one.value) for one in ones}
    return Lesion(first.lesion_label or "", values, first.body_site, first.target, first.node)


def test_it_is_read_as_the_table_says(made: Made, scan: MeasuredScan) -> None:
    assert lesions(scan) == sorted(made.lesions, key=lambda one: one.label)
    assert {(row.meaning, row.reason) for row in scan.unused} == set(made.unused.items())


def test_the_order_of_files_does_not_matter(files: list[Path], scan: MeasuredScan, pseudonyms: Pseudonyms) -> None:
    assert measure_scan(files[::-1], pseudonyms, "P1") == scan


def test_a_report_is_read_alike_when_dcmtk_writes_it(
    files: list[Path], scan: MeasuredScan, pseudonyms: Pseudonyms, tmp_path: Path
) -> None:
    own = [report for report in of_kind(files, "sr") if report.parent == files[0].parent]  # dcmtk wrote the others
    anew = [_written_by_dcmtk(report, tmp_path / report.name) for report in own]
    others = [file for file in files if file not in own]
    assert measure_scan(others + anew, pseudonyms, "P1") == scan


def _written_by_dcmtk(report: Path, anew: Path) -> Path:
    """Through XML, so that nothing but the content is kept."""
    xml = anew.with_suffix(".xml")
    subprocess.run([needs_program("dsr2xml"), "-q", report, xml], check=True)
    subprocess.run([needs_program("xml2dsr"), "-q", xml, anew], check=True)
    return anew


def test_every_value_of_a_report_is_one_that_dcmtk_reads(files: list[Path], scan: MeasuredScan) -> None:
    stated = [value for report in of_kind(files, "sr") for value in _numbers_by_dcmtk(report)]
    assert all(pytest.approx(one.value) in stated for one in scan.measurements if one.source == "SR")


def _numbers_by_dcmtk(report: Path) -> list[float]:
    command = [needs_program("dsrdump"), "-q", "-Ei", "+Pc", report]
    printed = subprocess.run(command, check=True, capture_output=True).stdout.decode(errors="replace")
    return [float(value) * IN_OUR_UNIT[unit] for value, unit in NUMBER.findall(printed) if unit in IN_OUR_UNIT]


def test_every_volume_of_a_segmentation_is_the_one_that_highdicom_reads(files: list[Path], scan: MeasuredScan) -> None:
    ours = {one.lesion_label: one.value for one in scan.measurements if (one.source, one.measurement) == OUTLINED}
    theirs = {label: ml for file in of_kind(files, "seg") if ours for label, ml in _volumes(file).items()}
    assert ours == {label: pytest.approx(ml) for label, ml in theirs.items() if label in ours}


def _volumes(file: Path) -> dict[str, float]:
    segmentation = hd.seg.segread(file)
    volumes = {}
    for number in segmentation.segment_numbers:
        volume = segmentation.get_volume(segment_numbers=[number])
        label = segmentation.get_segment_description(number).segment_label
        volumes[label] = float(volume.array.sum() * np.prod(volume.spacing) / 1000)
    return volumes


def test_the_page_says_the_same() -> None:
    assert HEADING + PAGE.read_text().partition(HEADING)[2] == section(), "write it: python -m tests.dicom.makers"
