from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, uid

from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading import files
from stream.dicom.reading.measurements import measure_scan
from stream.errors import SetAside
from stream.measured_scan import MeasuredScan, Unused
from tests.dicom.factories import SITES, Lesion, make_image, make_seg, make_series, make_sr, save

MASK = np.ones((2, 10, 10))


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> object:
    def run(*datasets: Dataset) -> MeasuredScan:
        return measure_scan([save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets], pseudonyms, "P1")

    return run


def _values(scan: MeasuredScan) -> dict[str, tuple[float, str]]:
    return {one.measurement: (one.value, one.source) for one in scan.measurements}


def test_for_the_same_lesion_the_report_stands_before_the_segmentation(measure: object) -> None:
    images = make_series(MASK)
    report = make_sr([Lesion({"longest_diameter": (99.0, "mm")}, identifier="lesion-1")])
    found = _values(measure(make_seg([MASK], images), *images, report))
    assert found == {"longest_diameter": (99.0, "SR"), "volume": (pytest.approx(0.2), "SEG")}


def test_of_two_reports_the_later_one_stands_in_whatever_order_they_come(measure: object) -> None:
    first = make_sr([Lesion({"longest_diameter": (10.0, "mm")})], ContentDate="20200302", ContentTime="100000")
    amended = make_sr([Lesion({"longest_diameter": (12.0, "mm")})], ContentDate="20200302", ContentTime="180000")
    assert measure(first, amended) == measure(amended, first)
    assert _values(measure(first, amended)) == {"longest_diameter": (12.0, "SR")}


def test_images_alone_and_kinds_without_a_reader_are_not_measured_yet(measure: object) -> None:
    structures = make_image(SOPClassUID=uid.RTStructureSetStorage, Modality="RTSTRUCT")
    assert measure(make_image()) == MeasuredScan((), "brain", "kind not measured yet")
    beside = measure(make_image(), structures)
    assert (beside.measurements, beside.note) == ((), "kind not measured yet")
    assert beside.unused == (Unused("rtstruct", "", "", "structure sets are not read"),)


def test_a_report_in_words_beside_images_is_as_the_images_alone(measure: object) -> None:
    images = make_series(MASK)
    words = make_sr([], SOPClassUID=uid.BasicTextSRStorage)
    assert len(measure(make_sr([]), make_seg([MASK], images), *images).measurements) == 2
    assert measure(words, *images) == measure(*images) == MeasuredScan((), "brain", "kind not measured yet")


def test_a_report_in_words_alone_is_set_aside(measure: object) -> None:
    with pytest.raises(SetAside) as caught:
        measure(make_sr([]))
    assert caught.value.reason_code == "not_measurable"


def test_a_value_that_cannot_be_sets_the_whole_scan_aside(measure: object) -> None:
    images = make_series(MASK)
    with pytest.raises(SetAside) as caught:
        measure(make_sr([Lesion({"volume": (-1.0, "ml")})]), make_seg([MASK], images), *images)
    assert caught.value.reason_code == "bad_value"


@pytest.mark.parametrize(
    ("datasets", "hint"),
    [
        ([make_sr([Lesion(site=SITES["lung"])]), make_image(BodyPartExamined="CHEST")], "lung"),
        ([make_sr([Lesion(site=SITES["lung"]), Lesion(identifier="2", site=SITES["liver"])])], None),
        ([make_image(BodyPartExamined="BREAST"), make_image(BodyPartExamined="BREAST")], "breast"),
        ([make_image(BodyPartExamined="BREAST"), make_image(BodyPartExamined="BRAIN")], None),
        ([make_image(BodyPartExamined="WHOLEBODY")], None),
        ([make_image(BodyPartExamined="")], None),
    ],
)
def test_the_disease_is_hinted_at_where_all_sites_agree(
    measure: object, datasets: list[Dataset], hint: str | None
) -> None:
    assert measure(*datasets).disease_hint == hint


def test_an_unreadable_file_and_a_file_too_large_to_hold_are_set_aside(
    measure: object, pseudonyms: Pseudonyms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"\0" * 128 + b"DICM" + b"rubbish")
    with pytest.raises(SetAside) as caught:
        measure_scan([broken], pseudonyms, "P1")
    assert caught.value.reason_code == "decode_failed"
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 100)
    with pytest.raises(SetAside) as caught:
        measure(make_sr())
    assert caught.value.reason_code == "too_large"


def test_a_wrong_keyword_fails_at_once() -> None:
    with pytest.raises(TypeError, match="PatientIdd"):
        make_sr(PatientIdd="p1")
