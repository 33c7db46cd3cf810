"""What senders correct by DICOM: announced counts, rejection notes, reports that replace others."""

from pathlib import Path

import numpy as np
from pydicom import Dataset

from stream.simulated.synthetic import SyntheticLesion, make_kos, make_series, make_sr, replacing, save
from tests.journey.service import Service

STATUS = "SELECT revision, status, completeness, provisional FROM scanstream.scan_status WHERE scan_uid = %s ORDER BY 1"
RISKS = "SELECT scan_uid, endpoint, horizon_days, risk FROM scanstream.current_risk WHERE patient_id = %s ORDER BY 2, 3"


def report(mrn: str, day: str, mm: float, **attributes: object) -> Dataset:
    """A report of one lung lesion."""
    return make_sr([SyntheticLesion({"longest_diameter": (mm, "mm")})], PatientID=mrn, StudyDate=day, **attributes)


def send(service: Service, folder: Path, *datasets: Dataset) -> None:
    """Send and wait until it has come to its end."""
    paths = [save(dataset, folder / f"{dataset.SOPInstanceUID}.dcm") for dataset in datasets]
    assert service.store(paths) == len(paths)
    service.settle()


def test_a_scan_whose_sender_announced_its_files_is_final_as_soon_as_they_are_here(
    service: Service, tmp_path: Path
) -> None:
    slices = make_series(np.zeros((4, 8, 8)), PatientID="counted", NumberOfStudyRelatedInstances=4)
    send(service, tmp_path, *slices[:2])
    send(service, tmp_path, *slices[2:])
    assert service.ask(STATUS, [service.scan(slices[0].StudyInstanceUID)]) == [
        (1, "superseded", "association_end", True),
        (2, "applied", "counts", False),
    ]


def test_a_rejected_scan_no_longer_counts_until_the_note_itself_is_rejected(service: Service, tmp_path: Path) -> None:
    first, second = report("rejecting", "20240108", 30.0), report("rejecting", "20240401", 24.0)
    send(service, tmp_path, first)
    before = service.ask(RISKS, [service.patient("rejecting")])
    send(service, tmp_path, second)
    both = service.ask(RISKS, [service.patient("rejecting")])
    note = make_kos([second])
    send(service, tmp_path, note)
    scan = service.scan(second.StudyInstanceUID)
    assert {status for _, status, *_ in service.ask(STATUS, [scan])} == {"rejected"}
    assert service.ask(RISKS, [service.patient("rejecting")]) == before
    ended = "SELECT DISTINCT superseded_because FROM scanstream.risk_history WHERE scan_uid = %s"
    assert service.ask(ended, [scan]) == [("rejected",)]
    send(service, tmp_path, make_kos([note]))
    *_, (_, status, *_) = service.ask(STATUS, [scan])
    assert status == "applied"
    assert service.ask(RISKS, [service.patient("rejecting")]) == both


def test_a_report_that_replaces_one_of_another_study_retracts_that_scan(service: Service, tmp_path: Path) -> None:
    old = report("replacing", "20240108", 30.0)
    new = replacing(report("replacing", "20240108", 44.0), old)
    send(service, tmp_path, new)
    send(service, tmp_path, old)
    assert [status for _, status, *_ in service.ask(STATUS, [service.scan(old.StudyInstanceUID)])] == ["retracted"]
    query = "SELECT DISTINCT value FROM scanstream.trajectory WHERE patient_id = %s"
    assert service.ask(query, [service.patient("replacing")]) == [(44.0,)]


def test_all_of_it_leaves_the_service_sound(service: Service) -> None:
    assert service.verify()["I2"] > 0
