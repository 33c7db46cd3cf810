"""What was set aside is released or rejected by command, and the archive is measured again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset

from stream.archive.originals import Archive
from stream.simulated.synthetic import SyntheticLesion, make_series, make_sr
from tests.journey.service import SETTLE_SECONDS, Service
from tests.journey.test_corrections import report, send
from tests.waiting import wait_until

VALUES = "SELECT day, value FROM scanstream.trajectory WHERE patient_id = %s AND lesion_uid IS NOT NULL ORDER BY 1"

ITEMS = "SELECT item_id FROM scanstream.set_aside"


def items(service: Service, since: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was set aside after `since` was listed."""
    known = {one["item_id"] for one in since}
    return [one for one in listed(service) if one["item_id"] not in known]


def listed(service: Service) -> list[dict[str, Any]]:
    """`set-aside list`."""
    return json.loads(service.command("set-aside", "list", "--json").stdout)


def set_aside(service: Service, folder: Path, *datasets: Dataset) -> str:
    """Send, and name the one item that was set aside."""
    before = service.ask(ITEMS)
    send(service, folder, *datasets)
    ((item,),) = [one for one in service.ask(ITEMS) if one not in before]
    return item


def decided(service: Service, *words: str) -> str:
    """What the command says once it has taken effect."""
    ended = service.command("set-aside", *words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    service.settle()
    return ended.stdout


def test_a_file_without_a_patient_gets_its_forecast_once_a_person_says_whose_it_is(
    service: Service, tmp_path: Path
) -> None:
    item = set_aside(service, tmp_path, report("", "20240108", 30.0))
    asked = service.command("set-aside", "release", item)
    assert asked.returncode == 2
    assert "--patient" in asked.stderr
    stranger = service.command("set-aside", "release", item, "--patient", "PNOBODY")
    assert (stranger.returncode, "No patient PNOBODY" in stranger.stderr) == (2, True)
    decided(service, "release", item, "--patient", "found", "--issuer", "", "--by", "anna", "--why", "label on the bag")
    risks = "SELECT count(*) FROM scanstream.current_risk WHERE patient_id = %s"
    assert service.ask(risks, [service.patient("found")]) != [(0,)]
    log = service.ask("SELECT who, what, why FROM core.audit WHERE subject = %s", [item], role="auditor")
    assert log == [("anna", "release set-aside", "label on the bag")]
    again = service.command("set-aside", "release", item)
    assert again.returncode == 1
    assert "anna released it already" in again.stderr


def test_a_file_without_a_date_takes_the_one_that_a_person_gives(service: Service, tmp_path: Path) -> None:
    send(service, tmp_path, report("dated", "20240108", 30.0))
    item = set_aside(service, tmp_path, report("dated", "", 40.0))
    impossible = service.command("set-aside", "release", item, "--date", "2024-02-31")
    assert (impossible.returncode, "no day of the calendar" in impossible.stderr) == (2, True)
    decided(service, "release", item, "--date", "2024-02-08T08:30")
    assert service.ask(VALUES, [service.patient("dated")]) == [(0, 30.0), (31, 40.0)]


def test_a_study_without_a_date_is_one_entry_and_one_decision(service: Service, tmp_path: Path) -> None:
    slices = make_series(np.zeros((3, 8, 8)), StudyDate="", SeriesDate="", AcquisitionDate="", PatientID="undated")
    before = listed(service)
    send(service, tmp_path, *slices)
    (entry,) = items(service, before)
    assert (entry["reason_code"], entry["files"]) == ("no_date", 3)
    said = decided(service, "release", entry["item_id"], "--date", "2024-02-08")
    assert "with 2 more of its cause" in said
    query = "SELECT instances, acquired_at FROM scanstream.scan_status WHERE patient_id = %s AND status = 'applied'"
    ((instances, acquired_at),) = service.ask(query, [service.patient("undated")])
    assert (instances, f"{acquired_at:%Y-%m-%d}") == (3, "2024-02-08")


def test_a_release_by_sql_is_carried_out_by_the_gateway(service: Service, tmp_path: Path) -> None:
    send(service, tmp_path, report("by sql", "20240108", 30.0))
    item = set_aside(service, tmp_path, report("by sql", "", 40.0))
    release = "SELECT scanstream.release(%s, 'the CD says it', 'anna', acquired => '2024-02-08')"
    service.ask(release, [item], role="dashboard")
    values = [(0, 30.0), (31, 40.0)]
    wait_until(lambda: service.ask(VALUES, [service.patient("by sql")]) == values, SETTLE_SECONDS)
    wait_until(lambda: service.ask("SELECT answer FROM scanstream.set_aside WHERE item_id = %s", [item]) == [("done",)])


def test_other_content_under_one_uid_is_released_to_take_its_place(service: Service, tmp_path: Path) -> None:
    first, second = report("altered", "20240108", 30.0), report("altered", "20240108", 33.0)
    second.SOPInstanceUID, second.StudyInstanceUID = first.SOPInstanceUID, first.StudyInstanceUID
    send(service, tmp_path / "first", first)
    decided(service, "release", set_aside(service, tmp_path / "second", second))
    assert service.ask(VALUES, [service.patient("altered")]) == [(0, 33.0)]


def test_a_file_that_names_another_patient_is_released_for_that_one_with_its_study(
    service: Service, tmp_path: Path
) -> None:
    first = report("mistaken", "20240108", 30.0)
    send(service, tmp_path, report("right", "20240101", 20.0), first)
    later = {"StudyInstanceUID": first.StudyInstanceUID, "ContentDate": "20240109"}
    item = set_aside(service, tmp_path, report("right", "20240108", 33.0, **later))
    decided(service, "release", item, "--patient", "right", "--issuer", "")
    moved = [(0, 20.0), (7, 33.0)]
    wait_until(lambda: service.ask(VALUES, [service.patient("right")]) == moved, SETTLE_SECONDS)
    assert service.ask(VALUES, [service.patient("mistaken")]) == []


def test_a_scan_that_cannot_be_measured_is_a_new_item_when_released_and_rejected_for_good(
    service: Service, tmp_path: Path
) -> None:
    before = listed(service)
    unknown = make_sr([SyntheticLesion({"longest_diameter": (20.0, "[ft_us]")})], PatientID="feet")
    item = set_aside(service, tmp_path, unknown)
    decided(service, "release", item)
    newest, first = items(service, before)
    assert (first["item_id"], first["decision"], newest["decision"]) == (item, "released", None)
    decided(service, "reject", newest["item_id"])
    status = "SELECT status FROM scanstream.scan_status WHERE scan_uid = %s"
    assert service.ask(status, [service.scan(unknown.StudyInstanceUID)]) == [("rejected",)]


def test_measuring_again_names_the_files_that_are_missing(service: Service, tmp_path: Path) -> None:
    send(service, tmp_path, report("again", "20240108", 30.0), report("again", "20240401", 25.0))
    patient = service.patient("again")
    ended = service.command("replay", "--remeasure", "--patient", patient, "--json")
    told = json.loads(ended.stdout)
    assert (ended.returncode, told["measured"], told["same"]) == (0, 2, 2)
    query = (
        "SELECT sha256 FROM core.instances JOIN core.scans USING (scan_uid) WHERE received_as = %s ORDER BY 1 LIMIT 1"
    )
    ((sha256,),) = service.ask(query, [patient], role="worker")
    kept = Archive(service.settings.archive).path(sha256)
    hidden = kept.rename(tmp_path / "hidden")
    try:
        failed = service.command("replay", "--remeasure", "--patient", patient)
    finally:
        hidden.rename(kept)
    assert failed.returncode == 1
    assert f"missing from the archive: {sha256}" in failed.stdout


def test_all_of_it_leaves_the_service_sound(service: Service) -> None:
    assert service.verify()["I2"] > 0
