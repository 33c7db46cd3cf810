import csv
from pathlib import Path

import pytest

from models.measurement import Measurement
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.files import read_dataset
from stream.dicom.reading.lesions import LesionNames
from stream.dicom.reading.sr import read_sr
from stream.errors import SetAside
from tests.data import shared_data
from tests.dicom.factories import NEOPLASM, SITES, Lesion, make_sr

LYMPH_NODE = ("59441001", "SCT", "Lymph node")
I_SPY2_COLUMNS = {
    "volume": "functional_tumor_volume_cm3",
    "longest_diameter": "longest_diameter_mm",
    "sphericity": "sphericity",
    "background_parenchymal_enhancement": "bpe_percent",
}


@pytest.fixture
def measure(pseudonyms: Pseudonyms) -> object:
    """Measurements of a report with these lesions."""

    def run(*lesions: Lesion, **attributes: object) -> list[Measurement]:
        return list(read_sr(make_sr(lesions, **attributes), LesionNames(pseudonyms, "P1")).measurements)

    return run


def test_every_report_of_i_spy2_gives_exactly_the_values_published_beside_it(
    ispy2: Path, pseudonyms: Pseudonyms
) -> None:
    with (shared_data() / "ispy2" / "measurements.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 1536
    for row in rows:
        report = read_dataset(ispy2 / row["patient_id"] / f"{row['visit']}.dcm")
        found = {one.measurement: one.value for one in read_sr(report, LesionNames(pseudonyms, "P1")).measurements}
        published = {name: float(row[column]) for name, column in I_SPY2_COLUMNS.items() if row[column]}
        assert found == pytest.approx(published, rel=1e-6, abs=0)


def test_a_patients_lesion_has_one_pseudonym_through_all_visits(ispy2: Path, pseudonyms: Pseudonyms) -> None:
    patient = ispy2 / "ISPY2-100899"
    reports = [read_dataset(path) for path in sorted(patient.iterdir())]
    lesions = {
        one.lesion_uid
        for report in reports
        for one in read_sr(report, LesionNames(pseudonyms, "P1")).measurements
        if one.lesion_uid
    }
    assert len(reports) == 4
    assert len(lesions) == 1


@pytest.mark.parametrize(
    ("measurement", "stated", "expected"),
    [
        ("longest_diameter", (1.5, "cm"), 15.0),
        ("longest_diameter", (0.015, "m"), 15.0),
        ("short_axis", (9000.0, "um"), 9.0),
        ("volume", (2500.0, "mm3"), 2.5),
        ("volume", (2.5, "cm3"), 2.5),
        ("volume", (0.0025, "l"), 2.5),
        ("volume", (0.0025, "dm3"), 2.5),
        ("volume", (2.5, "ml"), 2.5),
        ("sphericity", (0.5, "1"), 0.5),
        ("background_parenchymal_enhancement", (0.25, "{ratio}"), 25.0),
        ("background_parenchymal_enhancement", (25.0, "%"), 25.0),
    ],
)
def test_units_are_converted_to_ours(
    measure: object, measurement: str, stated: tuple[float, str], expected: float
) -> None:
    assert measure(Lesion({measurement: stated}))[0].value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("stated", [(1.0, "[in_i]"), (1.0, "ml"), (1.0, "")])
def test_a_diameter_in_a_unit_that_is_none_of_a_length_is_set_aside(measure: object, stated: tuple[float, str]) -> None:
    with pytest.raises(SetAside) as caught:
        measure(Lesion({"longest_diameter": stated}))
    assert caught.value.reason_code == "unknown_unit"


@pytest.mark.parametrize("value", [-1.0, float("inf"), float("-inf"), float("nan")])
def test_a_size_that_cannot_be_is_set_aside(measure: object, value: float) -> None:
    with pytest.raises(SetAside) as caught:
        measure(Lesion({"longest_diameter": (value, "mm")}))
    assert caught.value.reason_code == "bad_value"


def test_a_number_that_is_none_is_set_aside(pseudonyms: Pseudonyms) -> None:
    report = make_sr()
    measured = report.ContentSequence[0].ContentSequence[0].ContentSequence[-1].MeasuredValueSequence[0]
    del measured.FloatingPointValue
    del measured.NumericValue
    measured.add_new(0x0040A30A, "LO", "12 approx.")
    with pytest.raises(SetAside) as caught:
        read_sr(report, LesionNames(pseudonyms, "P1"))
    assert caught.value.reason_code == "bad_value"


def test_zero_is_a_value_and_not_evaluated_is_none(measure: object) -> None:
    found = measure(Lesion({"longest_diameter": (0.0, "mm"), "volume": None}))
    assert [(one.measurement, one.value) for one in found] == [("longest_diameter", 0.0)]


def test_a_report_whose_values_are_none_that_is_known_here_is_set_aside(measure: object) -> None:
    with pytest.raises(SetAside) as caught:
        measure(Lesion({("42798000", "SCT", "Area"): (3.0, "cm2")}))
    assert caught.value.reason_code == "not_measurable"
    assert "SCT:42798000" in caught.value.reason


def test_a_report_of_lesions_without_any_value_is_no_question_for_a_person(measure: object) -> None:
    assert measure(Lesion({"longest_diameter": None})) == []


def test_an_unknown_concept_beside_a_known_one_is_left_out_whatever_its_unit(measure: object) -> None:
    area = ("42798000", "SCT", "Area")
    assert len(measure(Lesion({area: (-3.0, "furlong"), "longest_diameter": (12.0, "mm")}))) == 1


def test_lesions_are_told_apart_by_tracking_uid_then_by_label_then_by_their_place(
    measure: object, pseudonyms: Pseudonyms
) -> None:
    tracked, labelled, *unnamed = measure(
        Lesion(tracking_uid="1.2.3"), Lesion(identifier="left"), Lesion(identifier=""), Lesion(identifier="")
    )
    assert tracked.lesion_uid == pseudonyms.lesion_uid("1.2.3")
    assert labelled.lesion_uid == pseudonyms.lesion_uid_without_tracking("P1", "left")
    assert len({one.lesion_uid for one in (tracked, labelled, *unnamed)}) == 4


def test_site_node_and_target_mark_are_read(measure: object) -> None:
    target = ("112044", "DCM", "Target Lesion Stable Disease")
    non_target = ("112075", "DCM", "Non-Target Lesion at Baseline")
    node = ("62683002", "SCT", "Mediastinal lymph node")
    found = measure(
        Lesion(identifier="1", mark=target, site=SITES["liver"]),
        Lesion(identifier="2", mark=non_target, site=("T-04000", "SRT", "Brust")),
        Lesion({"short_axis": (12.0, "mm")}, identifier="3", site=node),
        Lesion({"short_axis": (12.0, "mm")}, identifier="4", finding=LYMPH_NODE, site=None),
        Lesion(identifier="5", finding=NEOPLASM, site=("999", "99X", "Left Little Toe")),
    )
    assert [one.target for one in found] == [True, False, None, None, None]
    assert [one.node for one in found] == [False, False, True, True, False]
    assert [one.body_site for one in found] == ["liver", "breast", "mediastinal lymph node", None, "left little toe"]


def test_old_snomed_codes_mean_the_same(measure: object) -> None:
    found = measure(Lesion({("G-A185", "SRT", "Long Axis"): (9.0, "mm"), ("G-D705", "SRT", "Volume"): (1.0, "ml")}))
    assert [(one.measurement, one.value) for one in found] == [("longest_diameter", 9.0), ("volume", 1.0)]


def test_enhancement_of_the_breast_is_the_patients_not_the_lesions(measure: object) -> None:
    assert measure(Lesion({"background_parenchymal_enhancement": (20.0, "%")}))[0].lesion_uid is None


def test_what_a_number_was_computed_from_is_no_measurement_of_its_own(pseudonyms: Pseudonyms) -> None:
    report = make_sr([Lesion({"longest_diameter": (10.0, "mm"), "volume": (1.0, "ml")})])
    group = report.ContentSequence[0].ContentSequence[0].ContentSequence
    source = group.pop()
    group[-1].ContentSequence = [source]
    assert [one.measurement for one in read_sr(report, LesionNames(pseudonyms, "P1")).measurements] == [
        "longest_diameter"
    ]


@pytest.mark.parametrize(
    "label",
    ["Doe left lobe", "JANE-1", "mrn 47-11-99", "born 1950-05-23", "23.05.1950", "05/23/1950", "1.2.840.113.9.1"],
)
def test_a_label_that_could_name_the_patient_is_replaced(measure: object, label: str) -> None:
    found = measure(Lesion(identifier=label), PatientName="Doe^Jane", PatientID="471199", PatientBirthDate="19500523")
    assert found[0].lesion_label == f"lesion-{found[0].lesion_uid[-6:]}"


def test_a_label_that_names_nobody_is_kept_and_a_site_with_a_name_in_it_is_not(measure: object) -> None:
    site = ("1", "99X", "Lesion of Jane")
    found = measure(Lesion(identifier=" left  upper lobe ", site=site), PatientName="Doe^Jane")
    assert (found[0].lesion_label, found[0].body_site) == ("left upper lobe", None)
