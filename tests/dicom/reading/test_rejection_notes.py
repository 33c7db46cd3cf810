"""What a header says is taken back, how much its sender announced, and which of it leaves the vault."""

from pathlib import Path

import numpy as np
import pytest

from stream.dicom.describing import describe
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.header import read_header
from stream.dicom.reading.measurements import measure_scan
from stream.dicom.reading.rejection_notes import REJECTION_NOTE, RETENTION_NOTE, Retraction
from stream.services.accepting.arrivals import DescribedInstance
from stream.settings import Settings, load_settings
from tests.dicom.factories import make_image, make_kos, make_series, make_sr, replacing, reread, save

NAMES = Pseudonyms(b"k" * 32)


@pytest.mark.parametrize(
    ("title", "because"), [("113001", "quality"), ("113037", "safety"), ("113038", "wrong_patient")]
)
def test_a_rejection_note_takes_back_what_it_names(
    settings: Settings, tmp_path: Path, title: str, because: str
) -> None:
    images = make_series(np.zeros((2, 4, 4)))
    header = read_header(reread(make_kos(images, (title, "DCM", "Rejected")), tmp_path), settings, "PACS")
    assert (header.kind, header.study_uid) == ("kos", images[0].StudyInstanceUID)
    assert header.retraction == Retraction(tuple(image.SOPInstanceUID for image in images), because)


@pytest.mark.parametrize(
    "title",
    [
        ("113000", "DCM", "Of Interest"),
        ("113039", "DCM", "Data Retention Policy Expired"),
        ("113001", "99LOCAL", "Something else"),
    ],
)
def test_a_key_object_selection_with_another_title_takes_nothing_back(
    settings: Settings, title: tuple[str, str, str]
) -> None:
    assert read_header(make_kos([make_image()], title), settings, "PACS").retraction is None


def test_a_report_takes_back_the_documents_that_it_says_precede_it(settings: Settings, tmp_path: Path) -> None:
    first, second = make_sr(), make_sr()
    header = read_header(reread(replacing(make_sr(), first, second), tmp_path), settings, "PACS")
    assert header.retraction == Retraction((first.SOPInstanceUID, second.SOPInstanceUID), "replaced")
    assert header.references == ()


def test_a_report_that_names_itself_as_its_predecessor_is_not_taken_back_by_that(settings: Settings) -> None:
    first, report = make_sr(), make_sr()
    assert read_header(replacing(report, report), settings, "PACS").retraction is None
    chain = read_header(replacing(report, first, report), settings, "PACS")
    assert chain.retraction == Retraction((first.SOPInstanceUID,), "replaced")


def test_people_read_what_a_note_is(tmp_path: Path) -> None:
    titles = {"113001": REJECTION_NOTE, "113039": RETENTION_NOTE, "113000": "kind not measured yet"}
    for value, expected in titles.items():
        path = save(make_kos([make_image()], (value, "DCM", "A title")), tmp_path / f"{value}.dcm")
        read = measure_scan([path], NAMES, "PA")
        # one that takes something back was used; of the others people read that they were not
        assert (read.note, len(read.unused)) == (expected, int(value == "113000"))


def described(settings: Settings, **attributes: object) -> DescribedInstance:
    return describe(read_header(make_image(**attributes), settings, "PACS"), NAMES, settings.series_required())


def test_a_series_is_stored_by_name_only_where_it_is_a_required_one() -> None:
    settings = load_settings(required_series="T1 axial, FLAIR")
    assert described(settings, SeriesDescription="t1 AXIAL ").series_description == "T1 axial"
    assert described(settings, SeriesDescription="Scan of Mrs Doe").series_description is None
    assert described(load_settings(), SeriesDescription="FLAIR").series_description is None


def test_what_a_sender_announced_is_stored_unless_it_is_a_slip() -> None:
    counts = {"NumberOfStudyRelatedSeries": 2, "NumberOfStudyRelatedInstances": 10, "NumberOfSeriesRelatedInstances": 5}
    told = described(load_settings(), **counts)
    assert (told.expected_series, told.expected_instances, told.expected_in_series) == (2, 10, 5)
    assert described(load_settings(), NumberOfStudyRelatedInstances=2_000_000_000).expected_instances is None
