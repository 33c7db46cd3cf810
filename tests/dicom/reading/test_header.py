import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from stream.dicom.reading import header as headers
from stream.dicom.reading.files import read_dataset
from stream.dicom.reading.header import PatientIdentity, read_header
from stream.errors import SetAside
from stream.settings import Settings
from stream.vocabulary import IssuerSource
from tests.dicom.factories import make_image, make_seg, make_series, make_sr, reread

UTC = dt.UTC
DATED = {
    "AcquisitionDateTime": "20200105083015.25",
    "AcquisitionDate": "20200104",
    "AcquisitionTime": "093000",
    "SeriesDate": "20200103",
    "SeriesTime": "120000",
    "StudyDate": "20200102",
    "StudyTime": "080000",
}


def write(dataset: Dataset, keyword: str, value: str) -> None:
    """Put a date or time into `dataset` as no library would: out of range, too long, or no date at all."""
    tag, raw = Tag(keyword), value.encode() + b" " * (len(value) % 2)
    dataset[tag] = RawDataElement(tag, "TM" if keyword.endswith("Time") else "DA", len(raw), raw, 0, False, True)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ([], dt.datetime(2020, 1, 5, 8, 30, 15, 250000, UTC)),
        (["AcquisitionDateTime"], dt.datetime(2020, 1, 4, 9, 30, tzinfo=UTC)),
        (["AcquisitionDateTime", "AcquisitionTime"], dt.datetime(2020, 1, 4, tzinfo=UTC)),
        (["AcquisitionDateTime", "AcquisitionDate"], dt.datetime(2020, 1, 3, 12, tzinfo=UTC)),
        (["AcquisitionDateTime", "AcquisitionDate", "SeriesDate"], dt.datetime(2020, 1, 2, 8, tzinfo=UTC)),
    ],
)
def test_an_image_is_dated_by_acquisition_before_series_before_study_each_with_its_own_time(
    settings: Settings, tmp_path: Path, missing: list[str], expected: dt.datetime
) -> None:
    given = {keyword: value for keyword, value in DATED.items() if keyword not in missing}
    assert read_header(reread(make_image(**given), tmp_path), settings, "PACS").acquired_at == expected


def test_a_report_is_dated_by_its_study_never_by_the_day_it_was_written(settings: Settings) -> None:
    report = make_sr(**DATED, ContentDate="20200220")
    assert read_header(report, settings, "PACS").acquired_at == dt.datetime(2020, 1, 2, 8, tzinfo=UTC)


def test_the_zone_is_the_files_own_then_that_of_the_site(tmp_path: Path) -> None:
    berlin = Settings(data_dir=tmp_path, time_zone="Europe/Berlin")
    summer = {"StudyDate": "20200702", "StudyTime": "100000"}
    assert read_header(make_sr(**summer), berlin, "PACS").acquired_at == dt.datetime(2020, 7, 2, 8, tzinfo=UTC)
    stated = make_sr(**summer, TimezoneOffsetFromUTC="-0500")
    assert read_header(stated, berlin, "PACS").acquired_at == dt.datetime(2020, 7, 2, 15, tzinfo=UTC)
    exact = make_image(AcquisitionDateTime="20200702100000+0900", TimezoneOffsetFromUTC="-0500")
    assert read_header(exact, berlin, "PACS").acquired_at == dt.datetime(2020, 7, 2, 1, tzinfo=UTC)


def test_a_moment_known_only_to_the_year_gives_way_to_a_full_date(settings: Settings) -> None:
    image = make_image(AcquisitionDateTime="2020", AcquisitionDate="20200104")
    assert read_header(image, settings, "PACS").acquired_at.date() == dt.date(2020, 1, 4)


@pytest.mark.parametrize("date", ["20130231", "18650101", "20990101", "yesterday", "2013", "00000000"])
def test_a_date_that_cannot_be_is_set_aside_and_the_sentence_does_not_repeat_it(
    settings: Settings, tmp_path: Path, date: str
) -> None:
    report = make_sr()
    report.StudyDate = None
    report.add_new(0x00080020, "LO", date)
    with pytest.raises(SetAside) as caught:
        read_header(report, settings, "PACS")
    assert caught.value.reason_code == "impossible_date"
    assert date not in caught.value.reason


@pytest.mark.parametrize(
    "date", ["00000000", "20260230", "20200104-20200105", "18991231", "19000101", "20990101", "2020", "today"]
)
def test_a_date_that_cannot_be_gives_way_to_the_next_one_that_can(
    settings: Settings, tmp_path: Path, date: str
) -> None:
    series, study = dt.datetime(2020, 1, 3, 12, tzinfo=UTC), dt.datetime(2020, 1, 2, 8, tzinfo=UTC)
    dated = {keyword: value for keyword, value in DATED.items() if keyword != "AcquisitionDateTime"}
    image = make_image(**dated)
    write(image, "AcquisitionDate", date)
    assert read_header(reread(image, tmp_path), settings, "PACS").acquired_at == series
    write(image, "SeriesDate", date)
    assert read_header(reread(image, tmp_path), settings, "PACS").acquired_at == study
    image.AcquisitionDateTime = "20200105083015"
    assert read_header(reread(image, tmp_path), settings, "PACS").acquired_at.day == 5


@pytest.mark.parametrize("moment", ["00000000000000", "20260230101500", "yesterday", "20990101000000", "20200105-"])
def test_a_moment_that_cannot_be_gives_way_to_the_date_of_acquisition(settings: Settings, moment: str) -> None:
    image = make_image(**DATED)
    image.pop("AcquisitionDateTime")
    image.add_new(0x0008002A, "LO", moment)
    assert read_header(image, settings, "PACS").acquired_at == dt.datetime(2020, 1, 4, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("time", ["240000", "2560", "101500-110000", "99", "noon", "000061"])
def test_a_time_that_is_none_counts_as_no_time_and_the_day_stays(settings: Settings, tmp_path: Path, time: str) -> None:
    image = make_image(AcquisitionDate="20200104", StudyDate="20200102")
    write(image, "AcquisitionTime", time)
    assert read_header(reread(image, tmp_path), settings, "PACS").acquired_at == dt.datetime(2020, 1, 4, tzinfo=UTC)


def test_where_no_date_can_be_the_fields_are_named_and_their_values_are_not(settings: Settings) -> None:
    image = make_image(AcquisitionDate="20990101", SeriesDate="", StudyDate="18500101")
    with pytest.raises(SetAside) as caught:
        read_header(image, settings, "PACS")
    assert caught.value.reason_code == "impossible_date"
    assert "Acquisition Date" in caught.value.reason and "Study Date" in caught.value.reason
    assert "Series" not in caught.value.reason and "2099" not in caught.value.reason


@pytest.mark.parametrize("birth_date", ["20200107", "20250101"])
def test_nobody_was_scanned_before_the_birth_and_the_reason_does_not_tell_it(
    settings: Settings, birth_date: str
) -> None:
    image = make_image(**DATED, PatientBirthDate=birth_date)
    with pytest.raises(SetAside, match="in the future, before the birth, or not after 1900-01-01") as caught:
        read_header(image, settings, "PACS")
    assert caught.value.reason_code == "impossible_date"


@pytest.mark.parametrize("birth_date", ["20200106", "20200105", "19000101", "99991231", "unknown", ""])
def test_a_newborn_in_another_zone_and_a_birth_date_that_is_none_rule_no_scan_out(
    settings: Settings, tmp_path: Path, birth_date: str
) -> None:
    image = make_image(**DATED)
    write(image, "PatientBirthDate", birth_date)
    assert read_header(reread(image, tmp_path), settings, "PACS").acquired_at.day == 5


@pytest.mark.parametrize("offset", ["+1500", "-1300", "+0190", "+11:00", "Sydney"])
def test_an_offset_that_is_no_zone_of_the_earth_counts_as_none(settings: Settings, offset: str) -> None:
    report = make_sr(StudyDate="20200702", StudyTime="100000")
    report.add_new(0x00080201, "LO", offset)
    assert read_header(report, settings, "PACS").acquired_at == dt.datetime(2020, 7, 2, 10, tzinfo=UTC)


def test_no_date_at_all_is_set_aside_and_never_becomes_today(settings: Settings) -> None:
    with pytest.raises(SetAside) as caught:
        read_header(make_sr(StudyDate="", ContentDate="20200101"), settings, "PACS")
    assert caught.value.reason_code == "no_date"


@pytest.mark.parametrize("patient_id", ["", "   "])
def test_a_file_that_names_no_patient_is_set_aside(settings: Settings, patient_id: str) -> None:
    with pytest.raises(SetAside) as caught:
        read_header(make_sr(PatientID=patient_id), settings, "PACS")
    assert caught.value.reason_code == "no_patient_id"


def test_the_issuer_is_the_files_own_then_that_of_the_sender(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, issuer="MAIN,PACS2=NORTH")
    assert read_header(make_sr(IssuerOfPatientID="OWN"), settings, "PACS2").patient.issuer == "OWN"
    assert read_header(make_sr(), settings, "PACS2").patient.issuer == "NORTH"
    assert read_header(make_sr(), settings, "ELSE").patient.issuer == "MAIN"


def test_names_with_markup_other_alphabets_and_no_birth_date_are_kept_as_they_are(
    settings: Settings, tmp_path: Path
) -> None:
    name = "<b>O'Brien</b>; DROP TABLE--^Зоя"
    report = reread(make_sr(PatientName=name, PatientID=" x1 ", PatientBirthDate="19500000"), tmp_path)
    assert read_header(report, settings, "PACS").patient == PatientIdentity(
        "", "x1", name, None, issuer_source=IssuerSource.DEFAULT
    )
    born = reread(make_sr(PatientBirthDate="19500523"), tmp_path)
    assert read_header(born, settings, "PACS").patient.birth_date == dt.date(1950, 5, 23)


def test_a_segmentation_names_the_images_it_was_drawn_on_and_the_counts_are_read(settings: Settings) -> None:
    images = make_series(np.zeros((3, 4, 4)))
    seg = make_seg([np.ones((3, 4, 4))], images, NumberOfStudyRelatedInstances=7, BodyPartExamined="BRAIN")
    header = read_header(seg, settings, "PACS")
    assert header.kind == "seg"
    assert header.references == tuple(image.SOPInstanceUID for image in images)
    assert header.expected.study_instances == 7
    assert header.expected.study_series is None
    assert header.body_part == "BRAIN"
    assert read_header(images[0], settings, "PACS").references == ()


def test_a_file_about_more_instances_than_a_study_has_is_set_aside(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = make_series(np.zeros((4, 8, 8)))
    seg = make_seg([np.ones((4, 8, 8), bool)], images)
    monkeypatch.setattr(headers, "MOST_REFERENCES", 4)
    assert len(read_header(seg, settings, "PACS").references) == 4
    monkeypatch.setattr(headers, "MOST_REFERENCES", 3)
    with pytest.raises(SetAside, match="refers to more than 3 instances") as caught:
        read_header(seg, settings, "PACS")
    assert caught.value.reason_code == "too_large"


def test_a_file_that_is_no_dicom_is_set_aside_as_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "readme.txt"
    path.write_text("hello")
    with pytest.raises(SetAside) as caught:
        read_dataset(path)
    assert caught.value.reason_code == "decode_failed"
