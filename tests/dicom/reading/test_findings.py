"""What a scan says of each lesion: every row of the table in docs/reading.md 5, from files to findings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from models.criteria.finding import LesionFinding, LesionState
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.measurements import measure_scan
from stream.errors import SetAside
from stream.measured_scan import MeasuredScan
from tests.dicom.content_items import (
    FINDING,
    FINDING_SITE,
    LIVER,
    LONG_AXIS,
    SHORT_AXIS,
    VOLUME,
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
from tests.dicom.factories import make_seg, make_series, replacing, save

Measures = Callable[..., MeasuredScan]

NODE: Code = ("59441001", "SCT", "Lymph node")
RESPONSE, NO_NAME_OF_ITS_OWN = ("112048", "DCM", "Current Response"), ("112045", "DCM", "Target lesion at baseline")
SPLIT_FROM, MERGED_INTO = ("SPLIT-FROM", "99SCANSTREAM", "Split from"), ("MERGED-INTO", "99SCANSTREAM", "Merged into")
AREA: Code = ("42798000", "SCT", "Area")
TOO_SMALL, FAILED = ("112133", "DCM", "Too small"), ("114006", "DCM", "Measurement failure")
TIME_POINT = ("C2348792", "UMLS", "Time Point")
MASK = np.ones((2, 10, 10))


@pytest.fixture
def measure(pseudonyms: Pseudonyms, tmp_path: Path) -> Measures:
    def run(*datasets: Dataset) -> MeasuredScan:
        files = [save(one, tmp_path / f"{one.SOPInstanceUID}.dcm") for one in datasets]
        scan = measure_scan(files, pseudonyms, "P1")
        assert measure_scan(files[::-1], pseudonyms, "P1") == scan
        return scan

    return run


def mark(value: int, name: Code = RESPONSE) -> Dataset:
    """A code of CID 6144 or 6145 under any name."""
    return coded(name, (str(value), "DCM", "whatever it is called"))


def qualified(name: Code, qualifier: Code, value: object = None) -> Dataset:
    made = number(name, value)
    made.NumericValueQualifierCodeSequence = [code(*qualifier)]
    return made


def other(name: Code, uid: str) -> Dataset:
    return item("UIDREF", name, UID=uid)


def said(scan: MeasuredScan) -> tuple[object, ...]:
    """State, role, progression, long and short axis of the only lesion."""
    (one,) = scan.findings
    return one.state.value, one.role and one.role.value, one.progressed, one.long_axis_mm, one.short_axis_mm


LONG = number(LONG_AXIS, 30)
ROWS: dict[str, tuple[list[Dataset], Code, tuple[object, ...]]] = {
    "a size": ([LONG], LIVER, ("measured", None, False, 30.0, None)),
    "a size in cm": ([number(LONG_AXIS, 3, "cm")], LIVER, ("measured", None, False, 30.0, None)),
    "both axes": ([LONG, number(SHORT_AXIS, 9)], LIVER, ("measured", None, False, 30.0, 9.0)),
    "a node by its short axis": ([number(SHORT_AXIS, 12)], NODE, ("measured", None, False, None, 12.0)),
    "a node by its long axis alone": ([LONG], NODE, ("measured", None, False, 30.0, None)),
    "gone": ([number(LONG_AXIS, 0)], LIVER, ("gone", None, False, 0.0, None)),
    "a node gone by its short axis": ([LONG, number(SHORT_AXIS, 0)], NODE, ("gone", None, False, 30.0, 0.0)),
    "a node gone by its only number": ([number(LONG_AXIS, 0)], NODE, ("gone", None, False, 0.0, None)),
    "too small": ([qualified(LONG_AXIS, TOO_SMALL)], LIVER, ("too_small", None, False, None, None)),
    "too small a node": ([LONG, qualified(SHORT_AXIS, TOO_SMALL)], NODE, ("too_small", None, False, 30.0, None)),
    "a stated value stands": ([qualified(LONG_AXIS, TOO_SMALL, 4)], LIVER, ("measured", None, False, 4.0, None)),
    "failed": ([qualified(LONG_AXIS, FAILED)], LIVER, ("not_evaluated", None, False, None, None)),
    "failed, whatever a code says": (
        [qualified(LONG_AXIS, FAILED), mark(112046)],
        LIVER,
        ("not_evaluated", "non_target", False, None, None),
    ),
    "no value": ([number(LONG_AXIS, None)], LIVER, ("not_evaluated", None, False, None, None)),
    "neither number nor code": ([], LIVER, ("not_evaluated", None, False, None, None)),
    "target at baseline": ([LONG, mark(112074, NO_NAME_OF_ITS_OWN)], LIVER, ("measured", "target", False, 30.0, None)),
    "non-target at baseline": ([LONG, mark(112075)], LIVER, ("measured", "non_target", False, 30.0, None)),
    "non-target without number": ([mark(112075)], LIVER, ("not_evaluated", "non_target", False, None, None)),
    "a role as finding": ([LONG, mark(112074, FINDING)], LIVER, ("measured", "target", False, 30.0, None)),
    "a role below a code": (
        [LONG, item("CODE", FINDING_SITE, [mark(112074)], ConceptCodeSequence=[code(*LIVER)])],
        LIVER,
        ("measured", "target", False, 30.0, None),
    ),
    "complete response of a target": ([mark(112041)], LIVER, ("not_evaluated", "target", False, None, None)),
    "a target that is stable": ([LONG, mark(112043)], LIVER, ("measured", "target", False, 30.0, None)),
    "gone by code": ([mark(112045)], LIVER, ("gone", "non_target", False, None, None)),
    "present by code": ([mark(112046)], LIVER, ("present", "non_target", False, None, None)),
    "progressed": ([mark(112047)], LIVER, ("present", "non_target", True, None, None)),
    "progressed with a number": ([LONG, mark(112047)], LIVER, ("measured", "non_target", True, 30.0, None)),
    "a code outweighs no number": ([LONG, mark(112045)], LIVER, ("measured", "non_target", False, 30.0, None)),
    "a code beside an area": (
        [number(AREA, 3, "cm2"), mark(112046)],
        LIVER,
        ("present", "non_target", False, None, None),
    ),
    "an unusable size beside another": (
        [number(LONG_AXIS, -3), number(SHORT_AXIS, 9)],
        LIVER,
        ("measured", None, False, None, 9.0),
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_a_report_says_of_a_lesion(measure: Measures, row: str) -> None:
    items, site, expected = ROWS[row]
    assert said(measure(report(group(*items, coded(FINDING_SITE, site), identifier="T1", uid="1.2.3")))) == expected


def test_a_lesion_is_told_with_its_name_organ_volume_and_other_lesions(
    measure: Measures, pseudonyms: Pseudonyms
) -> None:
    part = group(
        number(VOLUME, 2.5, "ml"), other(SPLIT_FROM, "1.2.3"), coded(FINDING_SITE, LIVER), identifier="T1a", uid="1.2.4"
    )
    merged = group(other(MERGED_INTO, "1.2.4"), coded(FINDING_SITE, NODE), identifier="T2", uid="1.2.5")
    of = pseudonyms.lesion_uid
    expected = {
        LesionFinding(of("1.2.4"), LesionState.MEASURED, "T1a", "liver", volume_ml=2.5, split_from=of("1.2.3")),
        LesionFinding(of("1.2.5"), LesionState.NOT_EVALUATED, "T2", "lymph node", True, merged_into=of("1.2.4")),
    }
    assert set(measure(report(part, merged)).findings) == expected


def test_a_report_in_codes_alone_is_judged(measure: Measures) -> None:
    scan = measure(report(group(mark(112046), identifier="T1"), group(uid="1.2.3")))
    assert scan.measurements == ()
    assert scan.note is None
    assert [one.state for one in sorted(scan.findings, key=lambda one: one.state)] == ["not_evaluated", "present"]


@pytest.mark.parametrize(
    ("size", "reason"), [(number(LONG_AXIS, -3), "bad_value"), (number(AREA, 3, "cm2"), "not_measurable")]
)
def test_values_of_which_none_can_be_used_stay_a_persons_question(
    measure: Measures, size: Dataset, reason: str
) -> None:
    with pytest.raises(SetAside) as caught:
        measure(report(group(size, identifier="T1", uid="1.2.3")))
    assert caught.value.reason_code == reason
    assert len(measure(report(group(size, uid="1.2.3"), group(mark(112046), uid="1.2.4"))).findings) == 2


def test_what_is_no_lesion_of_this_scan_is_no_finding_without_a_number_either(measure: Measures) -> None:
    organ = group(uid="1.2.4", finding=LIVER)
    nameless = group(mark(112046))
    of_other_people = group(coded(("121405", "DCM", "Population description"), ("1", "99X", "men")), uid="1.2.5")
    earlier = group(text(TIME_POINT, "baseline"), mark(112045), uid="1.2.6")
    container = item(
        "CONTAINER",
        ("125007", "DCM", "Measurement Group"),
        [other(("112040", "DCM", ""), "1.9"), group(LONG, uid="1.2.3")],
    )
    scan = measure(report(container, organ, nameless, of_other_people, earlier))
    assert said(scan) == ("measured", None, False, 30.0, None)
    assert "a value of another time point" in {row.reason for row in scan.unused}


def test_a_code_of_this_date_stands_against_a_number_of_an_earlier_one(measure: Measures) -> None:
    earlier = group(text(TIME_POINT, "baseline"), LONG, uid="1.2.3")
    assert said(measure(report(earlier, group(mark(112045), uid="1.2.3")))) == ("gone", "non_target", False, None, None)


def test_two_groups_of_one_lesion_are_one_finding(measure: Measures) -> None:
    same = [group(number(LONG_AXIS, 12), uid="1.2.3"), group(number(LONG_AXIS, 14), uid="1.2.3")]
    assert said(measure(report(*same))) == ("measured", None, False, 14.0, None)
    doubtful = [group(number(VOLUME, size, "ml"), mark(112046), uid="1.2.3") for size in (1, 2)]
    assert said(measure(report(*doubtful, group(LONG, uid="1.2.3")))) == ("measured", "non_target", False, 30.0, None)
    contradicting = [group(mark(value), uid="1.2.3") for value in (112045, 112046)]
    assert said(measure(report(*contradicting))) == ("not_evaluated", "non_target", False, None, None)


def test_a_silent_group_takes_no_label_from_a_measured_one(measure: Measures, pseudonyms: Pseudonyms) -> None:
    (finding,) = measure(report(group(LONG, identifier="T1"), group(identifier="T1"))).findings
    assert finding.lesion_uid == pseudonyms.lesion_uid_without_tracking("P1", "T1")
    assert finding.long_axis_mm == 30.0


def made(time: str, *groups: Dataset, by: str = "") -> Dataset:
    beside = [person(by)] if by else []
    return report(*groups, beside=beside, ContentDate="20200302", ContentTime=time)


def test_the_later_report_says_what_became_of_a_lesion_and_the_earlier_adds_what_it_lacks(measure: Measures) -> None:
    first = made("100000", group(LONG, number(SHORT_AXIS, 9), mark(112074), uid="1.2.3"), group(LONG, uid="1.2.4"))
    assert said(
        measure(
            made("110000", group(number(LONG_AXIS, 25), uid="1.2.3")),
            made("100000", *(group(LONG, number(SHORT_AXIS, 9), mark(112074), uid="1.2.3"),)),
        )
    ) == ("measured", "target", False, 25.0, 9.0)
    scan = measure(first, made("110000", group(qualified(LONG_AXIS, FAILED), uid="1.2.3")))
    assert {(one.state.value, one.long_axis_mm, one.short_axis_mm) for one in scan.findings} == {
        ("not_evaluated", None, None),
        ("measured", 30.0, None),
    }


def test_a_report_that_replaces_another_takes_back_the_lesions_it_no_longer_names(measure: Measures) -> None:
    first = made("100000", group(mark(112046), uid="1.2.3"), group(mark(112045), uid="1.2.4"))
    later = made("110000", group(mark(112045), uid="1.2.3"))
    later.StudyInstanceUID = first.StudyInstanceUID
    scan = measure(first, replacing(later, first))
    assert said(scan) == ("gone", "non_target", False, None, None)
    assert {row.reason for row in scan.unused} == {"replaced by a later report"}


def test_a_reading_in_codes_is_a_reading(measure: Measures) -> None:
    one = made("100000", group(LONG, uid="1.2.3"), by="Reader^One")
    two = made("110000", group(mark(112045), uid="1.2.3"), by="Reader^Two")
    assert said(measure(one, two)) == ("gone", "non_target", False, None, None)
    silent = made("120000", group(uid="1.2.3"), by="Reader^Three")
    assert said(measure(one, silent)) == ("measured", None, False, 30.0, None)


def test_a_segmentation_says_what_it_shows(measure: Measures) -> None:
    images = make_series(MASK)
    scan = measure(make_seg([MASK], images), *images)
    (finding,) = scan.findings
    assert (finding.state, finding.source) == ("measured", "SEG")
    sizes = {one.measurement: one.value for one in scan.measurements}
    assert (finding.long_axis_mm, finding.volume_ml) == (sizes["longest_diameter"], sizes["volume"])
    empty = make_seg([np.zeros_like(MASK)], images)
    assert [one.state for one in measure(empty, *images).findings] == ["gone"]


@pytest.mark.parametrize(
    ("stated", "role", "expected"),
    [
        (number(LONG_AXIS, 99), None, ("measured", 99.0, 0.2, "SR")),
        (number(LONG_AXIS, 0), None, ("gone", 0.0, None, "SR")),
        (qualified(LONG_AXIS, FAILED), None, ("not_evaluated", None, None, "SR")),
        (mark(112046), "non_target", ("present", None, None, "SR")),
        (mark(112074), "target", ("measured", pytest.approx(200**0.5), 0.2, "SR")),
    ],
    ids=["measured", "gone", "failed", "present", "named only"],
)
def test_a_report_stands_before_a_segmentation_of_the_same_lesion(
    measure: Measures, stated: Dataset, role: str | None, expected: tuple[object, ...]
) -> None:
    images = make_series(MASK)
    segmentation = make_seg([MASK], images)
    place = referring(("121191", "DCM", "Referenced Segment"), segmentation, ReferencedSegmentNumber=1)
    (finding,) = measure(report(group(stated, place, identifier="T1")), segmentation, *images).findings
    assert (finding.state, finding.long_axis_mm, finding.volume_ml, finding.source) == expected
    assert finding.role == role


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (["", " Week 8 "], "Week 8"),
        (["Week 8", "Week 12"], None),
        (["", ""], None),
        (["Doe at week 8"] * 2, None),
    ],
)
def test_the_time_point_of_a_trial_is_what_all_files_agree_on(
    measure: Measures, stated: list[str], expected: str | None
) -> None:
    images = make_series(MASK)
    for image, value in zip(images, stated, strict=True):
        image.ClinicalTrialTimePointID = value
    assert measure(*images).time_point == expected
