import json
from pathlib import Path

import pytest
from pydicom import uid

from stream.endpoints import free_port
from stream.simulated.synthetic import make_sr, save
from tests.journey.service import Service

NOT_TAKEN = {
    "DICOMDIR": uid.MediaStorageDirectoryStorage,
    "dose.dcm": uid.XRayRadiationDoseSRStorage,
    "letter.dcm": uid.EncapsulatedPDFStorage,
    "windows.dcm": uid.GrayscaleSoftcopyPresentationStateStorage,
}
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"  # a storage class that is not taken


def test_a_folder_is_sent_and_every_status_counted(service: Service, tmp_path: Path) -> None:
    for number in range(3):
        save(make_sr(PatientID="sent"), tmp_path / "scans" / f"{number}.dcm")
    ended = service.command("send", str(tmp_path / "scans"), "--json")
    assert ended.returncode == 0
    told = json.loads(ended.stdout)
    assert told == {"files": 3, "statuses": [{"status": "0x0000", "meaning": "stored", "files": 3}], "failed": []}
    service.settle()


def test_a_shell_that_does_not_know_the_port_finds_the_service_that_runs_on_the_folder(
    service: Service, tmp_path: Path
) -> None:
    report = make_sr(PatientID="sent from elsewhere")
    ended = service.command("send", str(save(report, tmp_path / "sr.dcm")), dicom_port=free_port())
    assert ended.returncode == 0, ended.stderr
    service.settle()
    assert service.scan(report.StudyInstanceUID)


def test_what_was_not_stored_is_named_and_the_rest_arrives(service: Service, tmp_path: Path) -> None:
    report = make_sr(PatientID="sent")
    save(report, tmp_path / "good.dcm")
    save(make_sr(SOPClassUID=RAW_DATA), tmp_path / "raw.dcm")
    (tmp_path / "notes.txt").write_text("no DICOM")
    ended = service.command("send", str(tmp_path), "--json")
    assert ended.returncode == 1
    assert {Path(one["path"]).name for one in json.loads(ended.stdout)["failed"]} == {"raw.dcm", "notes.txt"}
    assert "2 of 3 files were not stored" in ended.stderr
    service.settle()
    assert service.scan(report.StudyInstanceUID)


def test_a_whole_export_goes_through_and_what_is_not_taken_is_named(service: Service, tmp_path: Path) -> None:
    report = make_sr(PatientID="exported")
    save(report, tmp_path / "z" / "report.dcm")
    for name, kind in NOT_TAKEN.items():
        save(make_sr(SOPClassUID=kind, StudyInstanceUID=report.StudyInstanceUID), tmp_path / name)
    (tmp_path / "README.TXT").write_text("no DICOM")
    assert service.store([tmp_path], "-nh", "+sd", "+r") == 1
    service.settle()
    assert service.scan(report.StudyInstanceUID)
    told = json.loads(service.command("send", str(tmp_path), "--json").stdout)
    meanings = {Path(one["path"]).name: one["meaning"] for one in told["failed"]}
    assert meanings.keys() == {*NOT_TAKEN, "README.TXT"}
    assert "X-Ray Radiation Dose SR" in meanings["dose.dcm"]
    assert "Encapsulated PDF" in meanings["letter.dcm"]
    assert "DICOMDIR" in meanings["DICOMDIR"]


def test_files_of_which_none_is_taken_are_named_too(service: Service, tmp_path: Path) -> None:
    ended = service.command("send", str(save(make_sr(SOPClassUID=RAW_DATA), tmp_path / "raw.dcm")))
    assert ended.returncode == 1
    assert "SOP class or transfer syntax not supported" in ended.stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["missing.dcm"], 2, "missing.dcm does not exist"),
        (["empty"], 2, "empty holds no file"),
        (["sr.dcm", "--to", "127.0.0.1"], 2, "write AE@HOST:PORT"),
        (["sr.dcm", "--to", f"PACS@127.0.0.1:{free_port()}"], 3, "does not answer"),
    ],
)
def test_a_mistake_is_one_sentence(service: Service, tmp_path: Path, words: list[str], code: int, told: str) -> None:
    (tmp_path / "empty").mkdir()
    save(make_sr(), tmp_path / "sr.dcm")
    ended = service.command("send", str(tmp_path / words[0]), *words[1:])
    assert ended.returncode == code
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1
