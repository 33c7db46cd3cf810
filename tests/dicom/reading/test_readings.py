"""Whose reading of a scan counts, and of which scan a value is (docs/reading.md 2 and 4)."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydicom import Dataset, uid

from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.errors import SetAside
from stream.measured_scan import MeasuredScan
from tests.dicom.content_items import (
    FINDING,
    LENGTH,
    LIVER,
    LONG_AXIS,
    Code,
    code,
    coded,
    group,
    item,
    number,
    person,
    referring,
    report,
    text,
)
from tests.dicom.factories import make_image, make_seg, make_series, replacing, save

Measures = Callable[..., MeasuredScan]

TIME_POINT, SUBJECT_TIME_POINT = ("C2348792", "UMLS", "Time Point"), ("126070", "DCM", "Subject Time Point Identifier")
KIND, ORDER = ("126072", "DCM", "Time Point Type"), ("126073", "DCM", "Time Point Order")
SOURCE = ("121112", "DCM", "Source of Measurement")
COMMENT = ("121106", "DCM", "Comment")
SESSION = ("C67447", "NCIt", "Activity Session")


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> Measures:
    def run(*datasets: Dataset, zone: dt.tzinfo = dt.UTC) -> MeasuredScan:
        files = [save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets]
        scan = measure_scan(files, pseudonyms, "P1", zone)
        assert measure_scan(files[::-1], pseudonyms, "P1", zone).measurements == scan.measurements
        return scan

    return run


def sizes(scan: MeasuredScan) -> list[float]:
    return sorted(one.value for one in scan.measurements)


def reasons(scan: MeasuredScan) -> set[str]:
    return {row.reason for row in scan.unused}


def saved(size: float, time: str, *more: Dataset, lesion: str = "", **attributes: object) -> Dataset:
    """A report on one lesion, made at `time` by whoever `more` names."""
    made = {"ContentDate": "20200302", "ContentTime": time} | attributes
    return report(group(number(LONG_AXIS, size), identifier="Tool", uid=lesion or f"1.{time}"), beside=more, **made)


def test_what_was_saved_again_under_new_uids_counts_once(measure: Measures) -> None:
    again = report(
        group(text(COMMENT, "seen again"), number(LONG_AXIS, "40.0"), identifier="Tool", uid="1.8"),
        group(number(LONG_AXIS, 25), identifier="Tool", uid="1.9"),
        ContentDate="20200302",
        ContentTime="120000",
    )
    scan = measure(saved(40, "100000"), saved(40, "110000"), again)
    assert sizes(scan) == [25.0, 40.0]
    assert reasons(scan) == {"saved again in a later object"}


def test_another_lesion_saved_later_by_the_same_reader_is_added(measure: Measures) -> None:
    assert sizes(measure(saved(40, "100000"), saved(25, "110000"))) == [25.0, 40.0]


def test_of_two_readers_the_later_is_used_and_the_other_is_told(measure: Measures) -> None:
    scan = measure(saved(40, "100000", person("Reader^One")), saved(38, "110000", person("Reader^Two")))
    assert sizes(scan) == [38.0]
    assert reasons(scan) == {"another reading is used"}


def test_a_verified_reading_goes_before_a_later_one(measure: Measures) -> None:
    verified = saved(40, "100000", person("Reader^One"), VerificationFlag="VERIFIED")
    assert sizes(measure(verified, saved(38, "110000", person("Reader^Two")))) == [40.0]
    stamp = Dataset()
    stamp.VerificationDateTime = "20200302130000+0200"
    verified.VerifyingObserverSequence = [stamp]
    second = saved(38, "113000", person("Reader^Two"), VerificationFlag="VERIFIED")
    assert sizes(measure(verified, second)) == [38.0]


def test_a_reader_without_values_takes_no_others_place(measure: Measures) -> None:
    words = report(beside=[person("Reader^Two")], ContentDate="20200303", ContentTime="100000")
    assert sizes(measure(saved(40, "100000", person("Reader^One")), words)) == [40.0]


def test_a_report_that_names_its_predecessor_replaces_it_as_a_whole(measure: Measures) -> None:
    first = saved(40, "100000", StudyInstanceUID="1.2.840.1")
    scan = measure(first, replacing(saved(38, "110000", StudyInstanceUID="1.2.840.1"), first))
    assert sizes(scan) == [38.0]
    assert reasons(scan) == {"replaced by a later report"}


def test_later_is_a_matter_of_instants_not_of_digits(measure: Measures) -> None:
    sydney = saved(40, "100000", lesion="1.2", TimezoneOffsetFromUTC="+1100")
    utc = saved(20, "003000", lesion="1.2", TimezoneOffsetFromUTC="+0000")
    assert sizes(measure(sydney, utc)) == [20.0]
    silent = saved(30, "080000", lesion="1.2")
    assert sizes(measure(silent, utc)) == [30.0]
    assert sizes(measure(silent, utc, zone=ZoneInfo("Australia/Sydney"))) == [20.0]


def test_readers_and_sessions_within_one_report_are_readings_too(measure: Measures) -> None:
    for tell in (person, lambda name: text(SESSION, name)):
        groups = [group(tell(name), number(LONG_AXIS, size), uid=f"1.{name}") for name, size in (("1", 40), ("2", 38))]
        assert sizes(measure(report(*groups))) == [38.0]
        assert sizes(measure(report(*groups[::-1]))) == [38.0]


def test_of_two_who_outlined_a_lesion_the_one_the_report_speaks_of_is_used(measure: Measures) -> None:
    images = make_series(np.zeros((2, 10, 10)))
    mask = np.ones((2, 10, 10))
    drawn = [
        make_seg([mask], images, ContentCreatorName=name, ContentDate="20200302", ContentTime=time)
        for name, time in (("One", "090000"), ("Two", "100000"))
    ]
    for segmentation, label in zip(drawn, "ab", strict=True):
        segmentation.SegmentSequence[0].SegmentLabel = label
    assert {one.lesion_label for one in measure(*drawn, *images).measurements} == {"b"}
    segment = referring(("121191", "DCM", "Referenced Segment"), drawn[0], ReferencedSegmentNumber=1)
    scan = measure(report(group(segment, number(LONG_AXIS, 9), uid="1.2")), *drawn, *images)
    assert len({one.lesion_uid for one in scan.measurements}) == 1


def test_a_report_that_is_not_understood_beside_another_is_told_by_its_codes(measure: Measures) -> None:
    area = report(group(number(("42798000", "SCT", "Area"), 3, "cm2"), uid="1.7"))
    scan = measure(area, saved(40, "100000"))
    assert sizes(scan) == [40.0]
    assert [row.code for row in scan.unused] == ["SCT:42798000"]


def test_a_segmentation_saved_again_under_other_uids_counts_once(measure: Measures) -> None:
    images = make_series(np.zeros((2, 10, 10)))
    drawn = []
    for time in ("090000", "100000"):
        segmentation = make_seg([np.ones((2, 10, 10))], images, ContentDate="20200302", ContentTime=time)
        segmentation.SegmentSequence[0].TrackingUID = f"1.{time}"
        drawn.append(segmentation)
    assert len(measure(*drawn, *images).measurements) == 2
    drawn[0].PerFrameFunctionalGroupsSequence[1] = drawn[0].PerFrameFunctionalGroupsSequence[0]
    drawn[0].PixelData = drawn[0].PixelData[:12] + bytes(len(drawn[0].PixelData) - 12)
    assert len(measure(*drawn, *images).measurements) == 4


def test_what_only_the_other_reader_spoke_of_is_not_used_either(measure: Measures) -> None:
    images = make_series(np.zeros((2, 10, 10)))
    reports, drawn = [], []
    for name, time in (("One", "090000"), ("Two", "100000")):
        mask = np.zeros((2, 10, 10))
        mask[:, : len(drawn) + 1] = 1
        drawn.append(make_seg([mask], images, ContentDate="20200302", ContentTime=time))
        segment = referring(("121191", "DCM", "Referenced Segment"), drawn[-1], ReferencedSegmentNumber=1)
        measured = group(segment, number(LONG_AXIS, len(drawn)), uid=f"1.{time}")
        reports.append(report(measured, beside=[person(name)], ContentDate="20200302", ContentTime=time))
    scan = measure(*reports, *drawn, *images)
    assert [(one.measurement, one.value) for one in scan.measurements] == [("longest_diameter", 2.0), ("volume", 0.04)]
    assert reasons(scan) >= {"another reading is used"}


DOSE_TITLE = ("113701", "DCM", "X-Ray Radiation Dose Report")


def test_reports_on_dose_or_on_organs_only_beside_images_are_as_the_images_alone(measure: Measures) -> None:
    images = make_series(np.zeros((2, 10, 10)))
    doses = [number(("113830", "DCM", "Mean CTDIvol"), 12, "mGy"), number(("410668003", "SCT", "Length"), 400)]
    dose = report(item("CONTAINER", ("113819", "DCM", "CT Acquisition"), doses), SOPClassUID=uid.EnhancedSRStorage)
    dose.ConceptNameCodeSequence = [code(*DOSE_TITLE)]
    prose = item("CONTAINER", ("121070", "DCM", "Findings"), [text(FINDING, "No change."), number(LENGTH, 30)])
    organs = report(group(number(LONG_AXIS, 150), uid="1.3", finding=LIVER))
    for other in (dose, report(prose), organs):
        scan = measure(other, *images)
        assert (scan.measurements, scan.note) == ((), "kind not measured yet")
        assert scan.unused
    with pytest.raises(SetAside) as caught:
        measure(organs)
    assert "SCT:10200004" in caught.value.reason


def at(size: float, *said: Dataset) -> Dataset:
    return group(*said, number(LONG_AXIS, size), uid="1.2")


def point(label: str) -> Dataset:
    return text(TIME_POINT, label)


BASELINE: Code = ("C1442488", "UMLS", "Baseline")


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ([text(SUBJECT_TIME_POINT, "BASELINE"), point("1")], [text(SUBJECT_TIME_POINT, "FOLLOWUP1"), point("2")]),
        ([point("T0")], [point("T3")]),
        ([point("Baseline")], [point("After surgery")]),
        ([point("Baseline")], []),
        ([point("one"), coded(KIND, BASELINE)], [point("two")]),
        ([point("x"), number(ORDER, 1, "1")], [point("a"), number(ORDER, 2, "1")]),
        ([point("Visit 9")], [point("Visit 10")]),
        ([point("2020-01-10")], [point("2020-03-02")]),
    ],
)
def test_values_of_an_earlier_time_point_are_not_of_this_scan(
    measure: Measures, then: list[Dataset], now: list[Dataset]
) -> None:
    for groups in ([at(40, *then), at(18, *now)], [at(18, *now), at(40, *then)]):
        scan = measure(report(*groups))
        assert sizes(scan) == [18.0]
        assert reasons(scan) == {"a value of another time point"}


def test_the_trials_time_point_of_the_file_goes_first(measure: Measures) -> None:
    groups = [at(40, point("T1")), at(18, point("T2"))]
    assert sizes(measure(report(*groups, ClinicalTrialTimePointID="T1"))) == [40.0]


@pytest.mark.parametrize("others", [[point("March")], []])
def test_a_report_that_does_not_tell_its_time_points_apart_is_set_aside(
    measure: Measures, others: list[Dataset]
) -> None:
    with pytest.raises(SetAside) as caught:
        measure(report(at(40, point("January")), at(18, *others)))
    assert caught.value.reason_code == "not_measurable"


def test_one_time_point_alone_is_that_of_the_scan_whatever_it_is_called(measure: Measures) -> None:
    assert sizes(measure(report(at(40, point("Baseline"))))) == [40.0]


def test_values_measured_in_images_of_another_study_are_not_of_this_scan(measure: Measures) -> None:
    own, other = make_image(), make_image()
    groups = [at(40, referring(SOURCE, other)), at(18, referring(SOURCE, own))]
    made = replacing(report(*groups, StudyInstanceUID=own.StudyInstanceUID), own, other)
    made.CurrentRequestedProcedureEvidenceSequence = made.PredecessorDocumentsSequence
    del made.PredecessorDocumentsSequence
    assert sizes(measure(made)) == [18.0]


def test_values_observed_before_the_day_of_the_study_are_not_of_this_scan(measure: Measures) -> None:
    earlier = at(40)
    earlier.ObservationDateTime = "20200110120000"
    assert sizes(measure(report(earlier, at(18), StudyDate="20200302"))) == [18.0]
