"""Which of a report's numbers are sizes of lesions (docs/reading.md 1 and 2)."""

import random
from collections.abc import Callable

import pytest
from pydicom import Dataset

from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.reading import Reading
from stream.dicom.reading.sr import read_sr
from stream.errors import SetAside
from tests.dicom.content_items import (
    DIAMETER,
    FINDING_CATEGORY,
    FINDING_SITE,
    LENGTH,
    LIVER,
    LONG_AXIS,
    NEOPLASM,
    SHORT_AXIS,
    VOLUME,
    Code,
    coded,
    derived,
    group,
    item,
    number,
    report,
    text,
)

Read = Callable[..., Reading]

MEAN, MINIMUM = ("373098007", "SCT", "Mean"), ("255605001", "SCT", "Minimum")
MAXIMUM, SPREAD = ("56851009", "SCT", "Maximum"), ("386136009", "SCT", "Standard Deviation")
TOTAL = ("255619001", "SCT", "Total")
OLD_MEAN = ("R-00317", "SRT", "Mean")
POPULATION = ("121405", "DCM", "Population description")
SELECTION = ("121404", "DCM", "Selection Status")
ANATOMY, TISSUE = ("91723000", "SCT", "Anatomical Structure"), ("85756007", "SCT", "Tissue")


@pytest.fixture
def read(pseudonyms: Pseudonyms) -> Read:
    def run(*groups: Dataset, **attributes: object) -> Reading:
        return read_sr(report(*groups, **attributes), LesionNames(pseudonyms, "P1"))

    return run


def values(reading: Reading) -> dict[str, float]:
    return {one.measurement: one.value for one in reading.measurements}


def sizes(reading: Reading) -> list[float]:
    return sorted(one.value for one in reading.measurements)


def reasons(reading: Reading) -> set[str]:
    return {one.reason for one in reading.unused}


def test_the_maximum_of_a_diameter_is_the_longest_in_whatever_order_it_is_stated(read: Read) -> None:
    stated = [number(DIAMETER, value, "mm", derived(how)) for value, how in ((21, MINIMUM), (3.1, SPREAD), (33, MEAN))]
    stated.append(number(DIAMETER, 44, "mm", derived(MAXIMUM)))
    for _ in range(6):
        random.Random(1).shuffle(stated)
        assert values(read(group(*stated, uid="1.2"))) == {"longest_diameter": 44.0}


@pytest.mark.parametrize("how", [MEAN, MINIMUM, SPREAD, TOTAL, OLD_MEAN, ("1", "99X", "Guessed")])
def test_what_was_derived_otherwise_is_no_size_also_when_it_stands_alone(read: Read, how: Code) -> None:
    found = read(group(number(LONG_AXIS, 20), number(VOLUME, 9, "ml", derived(how)), uid="1.2"))
    assert values(found) == {"longest_diameter": 20.0}
    assert [row.code for row in found.unused] == ["SCT:118565006"]


def test_values_of_other_people_beside_the_patients_own_are_not_read(read: Read) -> None:
    norm = number(VOLUME, 56, "ml", derived(OLD_MEAN), text(POPULATION, "made up people"))
    own = number(VOLUME, 30, "ml", text(POPULATION, "whom it is compared with"))
    found = read(group(norm, own, uid="1.2"))
    assert values(found) == {"volume": 30.0}
    assert reasons(found) == {"a value of other people or of a normal range"}
    others = group(number(VOLUME, 56, "ml"), text(POPULATION, "made up people"), uid="1.3")
    assert read(group(own, uid="1.2"), others).measurements == found.measurements


def test_of_several_values_the_one_that_was_chosen_counts(read: Read) -> None:
    chosen = number(VOLUME, 8, "ml", coded(SELECTION, ("121410", "DCM", "User chosen value")))
    assert values(read(group(number(VOLUME, 9, "ml"), chosen, uid="1.2"))) == {"volume": 8.0}


def test_plain_values_that_differ_leave_the_largest_diameter_and_no_volume(read: Read) -> None:
    stated = [number(LONG_AXIS, 20), number(LONG_AXIS, 22), number(VOLUME, 3, "ml"), number(VOLUME, 4, "ml")]
    found = read(group(*stated, uid="1.2"))
    assert values(found) == {"longest_diameter": 22.0}
    assert "several values are stated, and which one is the result is not" in reasons(found)


def test_a_length_is_the_longest_diameter_where_there_is_no_long_axis(read: Read) -> None:
    old = ("G-D7FE", "SRT", "Length")
    assert values(read(group(number(old, 25), uid="1.2"))) == {"longest_diameter": 25.0}
    both = group(number(LENGTH, 60), number(LONG_AXIS, 40), number(SHORT_AXIS, None), uid="1.2")
    assert values(read(both)) == {"longest_diameter": 40.0}


def test_a_total_in_a_section_of_derived_measurements_is_no_lesion(read: Read) -> None:
    lesions = [group(number(VOLUME, size, "ml"), uid=f"1.{size}") for size in (10, 20)]
    section = item("CONTAINER", ("126011", "DCM", "Derived Imaging Measurements"), [number(VOLUME, 30, "ml")])
    found = read(*lesions, beside=[section])
    assert sizes(found) == [10.0, 20.0]
    assert reasons(found) == {"a value derived from several regions, which are stated one by one"}


@pytest.mark.parametrize(
    ("finding", "category"),
    [
        (LIVER, None),
        (("T-62000", "SRT", "Leber"), None),
        (ANATOMY, None),
        (("113343008", "SCT", "Organ"), None),
        (("C94970", "NCIt", "Reference Region"), None),
        (("706342009", "SCT", "Phantom"), None),
        (("19923001", "SCT", "Catheter"), None),
        (("122411", "DCM", "Threshold Value"), None),
        (("125040", "DCM", "Background"), None),
        (("38266002", "SCT", "Entire body"), None),
        (None, ANATOMY),
        (("1", "99X", "whatever"), ("T-D000A", "SRT", "Anatomical Structure")),
        (("256674009", "SCT", "Fat"), TISSUE),
    ],
)
def test_what_is_no_lesion_changes_nothing_and_is_told(read: Read, finding: Code | None, category: Code | None) -> None:
    lesion = group(number(LONG_AXIS, 20), uid="1.2")
    said = [coded(FINDING_CATEGORY, category)] if category else []
    other = group(*said, number(LONG_AXIS, 150), number(VOLUME, 1500, "ml"), uid="1.3", finding=finding)
    found = read(other, lesion)
    assert found.measurements == read(lesion).measurements
    assert len(found.unused) == 1


def test_a_lesion_is_one_in_whatever_category_it_was_filed(read: Read) -> None:
    for category in (ANATOMY, TISSUE):
        assert sizes(read(group(coded(FINDING_CATEGORY, category), number(LONG_AXIS, 20), uid="1.2"))) == [20.0]
    assert sizes(read(group(number(LONG_AXIS, 20), finding=TISSUE))) == [20.0]


def test_what_is_marked_as_a_target_is_a_lesion_though_its_finding_is_the_organ(read: Read) -> None:
    marked = coded(("112048", "DCM", "Current Response"), ("112044", "DCM", "Zielläsion, stabil"))
    found = read(group(marked, number(LONG_AXIS, 20), uid="1.2", finding=LIVER)).measurements
    assert [(one.value, one.target) for one in found] == [(20.0, True)]


def test_a_group_about_another_subject_or_marked_as_no_lesion_is_left_out(read: Read) -> None:
    phantom = coded(("121024", "DCM", "Subject Class"), ("121192", "DCM", "Device Subject"))
    marked = coded(("112045", "DCM", "Baseline"), ("112076", "DCM", "Non-Lesion at Baseline"))
    lesion = group(number(LONG_AXIS, 20), uid="1.2")
    for said in (phantom, marked):
        assert sizes(read(group(said, number(LONG_AXIS, 90), uid="1.3"), lesion)) == [20.0]


def test_a_size_of_nothing_that_is_named_is_not_read(read: Read) -> None:
    kidney = item("CONTAINER", ("121070", "DCM", "Findings"), [coded(FINDING_SITE, LIVER), number(LENGTH, 110)])
    found = read(group(number(LONG_AXIS, 20), uid="1.2"), kidney)
    assert sizes(found) == [20.0]
    assert reasons(found) == {"no lesion is named that it is a size of"}


@pytest.mark.parametrize(
    "bad",
    [
        *(
            number(VOLUME, value, "ml")
            for value in ("nan", "-1.#IND", "N/A", "12,5", "<5", "12.5 ml", "1_2", "inf", "-3")
        ),
        *(number(VOLUME, "1992", unit) for unit in ("1", "mm", "")),
    ],
)
def test_a_value_that_is_none_is_told_and_spoils_no_other(read: Read, bad: Dataset) -> None:
    found = read(group(number(LONG_AXIS, 30), bad, uid="1.2"), group(number(LONG_AXIS, 20), uid="1.3"))
    assert sizes(found) == [20.0, 30.0]
    assert [row.code for row in found.unused] == ["SCT:118565006"]


@pytest.mark.parametrize(
    ("size", "counts"),
    [
        (number(LONG_AXIS, 1000), True),
        (number(LONG_AXIS, 1001), False),
        (number(LONG_AXIS, 300, "cm"), False),
        (number(LONG_AXIS, "1e308", "cm"), False),
    ],
    ids=["the largest", "larger", "in another unit", "infinite in millimetres"],
)
def test_a_size_that_no_body_holds_is_told_and_not_used(read: Read, size: Dataset, counts: bool) -> None:
    found = read(group(size, uid="1.2"), group(number(LONG_AXIS, 20), uid="1.3"))
    assert sizes(found) == ([20.0, 1000.0] if counts else [20.0])
    assert reasons(found) == (set() if counts else {"the value is larger than any body holds"})


def test_a_report_of_which_nothing_can_be_used_says_which_codes_it_has(read: Read) -> None:
    for bad, reason_code in ((number(VOLUME, "<5", "ml"), "bad_value"), (number(VOLUME, 3, "mm"), "unknown_unit")):
        with pytest.raises(SetAside) as caught:
            read(group(bad, number(("1", "99X", "Size of Jane"), 3), uid="1.2"), PatientName="Doe^Jane")
        assert caught.value.reason_code == reason_code
        assert "SCT:118565006" in caught.value.reason
        assert "Jane" not in caught.value.reason


@pytest.mark.parametrize(
    "site",
    [
        ("59441001", "SCT", "Lymphknoten"),
        ("T-C4000", "SRT", "Ganglion lymphatique"),
        ("RID13296", "RADLEX", "linfonodo"),
        ("FMA5034", "FMA", "лимфатический узел"),
        ("1", "99X", "Lymph node, left"),
    ],
)
def test_a_node_is_one_in_every_language(read: Read, site: Code) -> None:
    assert read(group(coded(FINDING_SITE, site), number(SHORT_AXIS, 12), uid="1.2")).measurements[0].node


def test_a_code_that_is_known_is_not_overruled_by_its_wording(read: Read) -> None:
    liver = ("10200004", "SCT", "lymph node")
    found = read(group(coded(FINDING_SITE, liver), number(LONG_AXIS, 12), uid="1.2")).measurements[0]
    assert (found.node, found.body_site) == (False, "liver")


@pytest.mark.parametrize("code", [("7197", "FMA", "foie"), ("RID58", "RADLEX", "Leber"), ("T-62000", "SRT", "fegato")])
def test_an_organ_is_one_in_every_language(read: Read, code: Code) -> None:
    found = read(group(coded(FINDING_SITE, code), number(LONG_AXIS, 12), uid="1.2", finding=NEOPLASM))
    assert found.measurements[0].body_site == "liver"


def test_whatever_stands_beside_the_lesions_and_in_whatever_order_they_are_the_same(read: Read) -> None:
    lesions = [group(number(LONG_AXIS, size), number(VOLUME, size, "ml"), uid=f"1.{size}") for size in (9, 20, 31)]
    organ = group(number(VOLUME, 1500, "ml"), uid="1.4", finding=LIVER)
    norm = group(number(VOLUME, 56, "ml", derived(MEAN), text(POPULATION, "made up")), uid="1.9")
    total = item("CONTAINER", ("126011", "DCM", "Derived Imaging Measurements"), [number(VOLUME, 60, "ml")])
    expected, beside = set(read(*lesions).measurements), [organ, norm, total]
    for seed in range(12):
        generator = random.Random(seed)
        groups = [*lesions, *generator.sample(beside, generator.randint(0, 3))]
        generator.shuffle(groups)
        assert set(read(*groups).measurements) == expected
