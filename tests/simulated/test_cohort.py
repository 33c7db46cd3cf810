import datetime as dt
from pathlib import Path

import pytest

from models.criteria.finding import LesionFinding, LesionState
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.files import read_dataset
from stream.dicom.reading.header import read_header
from stream.dicom.reading.measurements import measure_scan
from stream.measured_scan import MeasuredScan
from stream.settings import Settings
from stream.simulated.cohort import Study, cohort, mrn, write_study

REFERENCE = dt.date(2026, 11, 23)


@pytest.fixture(scope="module")
def studies() -> list[Study]:
    return cohort(20, REFERENCE)


def of(studies: list[Study], disease: str) -> list[Study]:
    return [study for study in studies if study.patient.disease == disease]


def measured(study: Study, folder: Path, pseudonyms: Pseudonyms) -> MeasuredScan:
    return measure_scan(write_study(study, folder), pseudonyms, "P")


def values(scan: MeasuredScan, measurement: str) -> list[float]:
    return [one.value for one in scan.measurements if one.measurement == measurement]


def essence(finding: LesionFinding) -> tuple[str, str, str]:
    """Label and place of a lesion, and how it is; present is what is neither measured nor gone."""
    size = "" if finding.size_mm is None else f"{finding.size_mm:g} mm"
    state = "present" if finding.state is LesionState.NOT_EVALUATED else finding.state.value
    return str(finding.label or finding.lesion_uid), str(finding.organ), f"{state} {size} {finding.progressed}"


def acquired_at(study: Study, folder: Path) -> dt.datetime:
    return read_header(read_dataset(write_study(study, folder)[0]), Settings(), "AE").acquired_at


def marks(study: Study, folder: Path) -> set[str]:
    """Values of the codes in a report that CID 6144 and 6145 have."""
    (path,) = write_study(study, folder)
    codes = {element.value for element in read_dataset(path).iterall() if element.keyword == "CodeValue"}
    return codes & {*map(str, range(112041, 112048)), "112074", "112075"}


@pytest.mark.parametrize("disease", ["lung", "brain"])
def test_made_again_a_study_is_the_same_byte_for_byte(studies: list[Study], disease: str, tmp_path: Path) -> None:
    study = of(studies, disease)[0]
    first, again = (write_study(study, tmp_path / name) for name in ("first", "again"))
    assert len(first) == study.instances
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_every_study_is_another_and_those_of_another_day_of_reference_too(studies: list[Study]) -> None:
    tomorrow = cohort(20, REFERENCE + dt.timedelta(days=1))
    assert len({study.study_uid for study in [*studies, *tomorrow]}) == 2 * len(studies)


@pytest.mark.parametrize("disease", ["lung", "bladder", "breast"])
def test_a_report_says_what_the_simulation_found(
    studies: list[Study], disease: str, tmp_path: Path, pseudonyms: Pseudonyms
) -> None:
    for study in of(studies, disease)[:40]:
        read = measured(study, tmp_path, pseudonyms).findings
        assert sorted(map(essence, read)) == sorted(map(essence, study.findings))


def test_marks_say_the_role_at_the_baseline_and_of_non_targets_how_they_fare(
    studies: list[Study], tmp_path: Path
) -> None:
    said = {
        (study.visit is study.patient.visits[0], code)
        for study in studies
        if study.patient.disease != "brain"
        for code in marks(study, tmp_path)
    }
    assert said == {(True, "112074"), (True, "112075"), (False, "112045"), (False, "112046"), (False, "112047")}


def test_thorax_and_abdomen_of_a_visit_are_two_studies_of_one_day(studies: list[Study], tmp_path: Path) -> None:
    apart = [study for study in studies if study.region]
    assert {study.region for study in apart} == {"thorax", "abdomen"}
    for thorax in (each for each in apart if each.region == "thorax"):
        (abdomen,) = (each for each in apart if each.visit is thorax.visit and each.region == "abdomen")
        assert thorax.findings and abdomen.findings
        assert len(thorax.findings) + len(abdomen.findings) == len(thorax.visit.findings)
        first, second = (acquired_at(each, tmp_path) for each in (thorax, abdomen))
        assert first.date() == second.date()
        assert first < second


def test_the_segmentation_measures_about_what_the_simulation_made(
    studies: list[Study], tmp_path: Path, pseudonyms: Pseudonyms
) -> None:
    for study in of(studies, "brain"):
        scan = measured(study, tmp_path, pseudonyms)
        (diameter,), (volume,) = values(scan, "longest_diameter"), values(scan, "volume")
        assert diameter == pytest.approx(study.findings[0].long_axis_mm, abs=6.0), "a voxel is 3 mm wide"
        assert 0 < volume < 100
        assert scan.disease_hint == "brain"


def test_a_breast_report_gives_all_that_the_response_model_looks_at(
    studies: list[Study], tmp_path: Path, pseudonyms: Pseudonyms
) -> None:
    scan = measured(of(studies, "breast")[0], tmp_path, pseudonyms)
    assert {one.measurement for one in scan.measurements} == {
        "longest_diameter",
        "volume",
        "sphericity",
        "background_parenchymal_enhancement",
    }


def test_a_lesion_keeps_its_tracking_uid_from_visit_to_visit(
    studies: list[Study], tmp_path: Path, pseudonyms: Pseudonyms
) -> None:
    for disease in ("lung", "brain"):
        number = of(studies, disease)[0].patient.number
        visits = [study for study in studies if study.patient.number == number]
        lesions = {
            frozenset(one.lesion_uid for one in measured(study, tmp_path, pseudonyms).findings) for study in visits
        }
        assert len(lesions) == 1


def test_scans_lie_on_working_days_before_the_day_of_reference_and_are_sent_in_order_but_for_the_late(
    studies: list[Study],
) -> None:
    assert all(study.day.weekday() < 5 and study.day < REFERENCE for study in studies)
    late = [study.visit.late for study in studies]
    assert late == sorted(late)
    assert [study.day for study in studies if not study.visit.late] == sorted(
        study.day for study in studies if not study.visit.late
    )


def test_the_header_says_patient_and_day(studies: list[Study], tmp_path: Path) -> None:
    study = of(studies, "brain")[0]
    header = read_header(read_dataset(write_study(study, tmp_path)[0]), Settings(), "AE")
    assert header.patient.mrn == mrn(study.patient)
    assert header.acquired_at.date() == study.day
