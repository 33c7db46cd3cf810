import datetime as dt
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("disease", ["lung", "brain"])
def test_made_again_a_study_is_the_same_byte_for_byte(studies: list[Study], disease: str, tmp_path: Path) -> None:
    study = of(studies, disease)[0]
    first, again = (write_study(study, tmp_path / name) for name in ("first", "again"))
    assert len(first) == study.instances
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_every_study_is_another_and_those_of_another_day_of_reference_too(studies: list[Study]) -> None:
    tomorrow = cohort(20, REFERENCE + dt.timedelta(days=1))
    assert len({study.study_uid for study in [*studies, *tomorrow]}) == 2 * len(studies)


def test_a_report_says_what_the_simulation_made(studies: list[Study], tmp_path: Path, pseudonyms: Pseudonyms) -> None:
    for study in of(studies, "lung")[:20]:
        scan = measured(study, tmp_path, pseudonyms)
        assert sorted(values(scan, "longest_diameter") + values(scan, "short_axis")) == sorted(study.visit.sizes_mm)


def test_the_segmentation_measures_about_what_the_simulation_made(
    studies: list[Study], tmp_path: Path, pseudonyms: Pseudonyms
) -> None:
    for study in of(studies, "brain"):
        scan = measured(study, tmp_path, pseudonyms)
        (diameter,), (volume,) = values(scan, "longest_diameter"), values(scan, "volume")
        assert diameter == pytest.approx(study.visit.sizes_mm[0], abs=6.0), "a voxel is 3 mm wide"
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
            frozenset(one.lesion_uid for one in measured(study, tmp_path, pseudonyms).measurements) for study in visits
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
