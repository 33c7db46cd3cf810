"""The past changes: by the command line, by the topic, as a person or another system would."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from stream.dicom.synthetic import Lesion, make_sr, save
from tests.journey.service import SETTLE_SECONDS, Service
from tests.journey.topics import bring
from tests.waiting import wait_until

DAYS = ("20240108", "20240401", "20240624", "20240916")
DIAMETERS_MM = (42.0, 30.0, 38.0, 55.0)
STANDING = """SELECT acquired_at, endpoint, horizon_days, risk, risk_low, risk_high FROM scanstream.risk_history
WHERE current_patient_id = %s AND superseded_at IS NULL ORDER BY 1, 2, 3"""
STATUS = "SELECT DISTINCT status FROM scanstream.scan_status WHERE scan_uid = %s"


@dataclass(frozen=True)
class Sent:
    """A patient whose visits were sent: pseudonym, and the Study Instance UID of each visit."""

    mrn: str
    patient_id: str
    studies: list[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def sent(service: Service, folder: Path, mrn: str, *visits: int) -> Sent:
    """The visits with these numbers of a lung cancer patient, sent as `mrn` and taken into account."""
    reports = [
        make_sr([Lesion({"longest_diameter": (DIAMETERS_MM[n], "mm")})], PatientID=mrn, StudyDate=DAYS[n])
        for n in visits
    ]
    paths = [save(one, folder / f"{one.SOPInstanceUID}.dcm") for one in reports]
    assert service.store(paths) == len(paths)
    service.settle()
    return Sent(mrn, service.patient(mrn), [one.StudyInstanceUID for one in reports])


def standing(service: Service, patient_id: str) -> list[tuple]:
    return service.ask(STANDING, [patient_id])


def done(service: Service, *words: str) -> dict:
    """What the command says as JSON; it must have taken effect."""
    ended = service.command(*words, "--json")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["outcome"] == "done"
    return told


def test_two_records_of_one_person_become_one_timeline_and_come_apart_again(service: Service, folder: Path) -> None:
    always_one = sent(service, folder, "past-always-one", 0, 1, 2, 3)
    first, second = sent(service, folder, "past-double-1", 0, 2), sent(service, folder, "past-double-2", 1, 3)
    apart = [standing(service, one.patient_id) for one in (first, second)]
    done(service, "merge", second.mrn, "--into", first.mrn, "--why", "registered twice")
    assert standing(service, first.patient_id) == standing(service, always_one.patient_id)
    done(service, "unmerge", second.mrn, "--why", "two people after all")
    assert [standing(service, one.patient_id) for one in (first, second)] == apart
    ended = "SELECT DISTINCT superseded_because FROM scanstream.risk_history WHERE patient_id = %s ORDER BY 1"
    assert {row[0] for row in service.ask(ended, [second.patient_id])} == {None, "merged"}


def test_a_study_of_the_wrong_patient_is_moved_where_it_belongs(service: Service, folder: Path) -> None:
    right = sent(service, folder, "past-right-all-along", 0, 1, 2)
    wrong, other = sent(service, folder, "past-wrong", 0, 2), sent(service, folder, "past-other", 1, 3)
    done(service, "move", other.studies[0], "--to", wrong.mrn, "--why", "wrong worklist entry")
    assert standing(service, wrong.patient_id) == standing(service, right.patient_id)
    assert {row[0].month for row in standing(service, other.patient_id)} == {9}


def test_a_rejected_scan_counts_no_longer_until_it_is_restored(service: Service, folder: Path) -> None:
    without = sent(service, folder, "past-without", 0, 2)
    one = sent(service, folder, "past-blurred", 0, 1, 2)
    before = standing(service, one.patient_id)
    done(service, "reject", one.studies[1], "--because", "quality", "--why", "motion")
    assert service.ask(STATUS, [service.scan(one.studies[1])]) == [("rejected",)]
    assert standing(service, one.patient_id) == standing(service, without.patient_id)
    done(service, "restore", one.studies[1], "--why", "good enough for the lesion")
    assert service.ask(STATUS, [service.scan(one.studies[1])]) == [("applied",)]
    assert standing(service, one.patient_id) == before


def test_other_systems_say_the_same_by_message(service: Service, folder: Path) -> None:
    always_one = sent(service, folder, "past-told-always-one", 0, 2, 3)
    first, second = sent(service, folder, "past-told-1", 0, 2), sent(service, folder, "past-told-2", 1, 3)
    fact = {"scan_uid": service.scan(second.studies[0]), "because": "safety"}
    bring(service.settings, second.patient_id, "rejection", fact, by="RIS", why="wrong contrast agent")
    bring(service.settings, second.patient_id, "merge", {"into": first.patient_id}, by="MPI", why="A40")
    expected = standing(service, always_one.patient_id)
    wait_until(lambda: standing(service, first.patient_id) == expected, SETTLE_SECONDS)
    log = "SELECT who, what, why FROM core.audit WHERE subject LIKE %s OR subject LIKE %s ORDER BY seq"
    said = service.ask(log, [f"{second.patient_id}%", f"{fact['scan_uid']}%"], role="auditor")
    assert said == [("RIS", "reject", "wrong contrast agent"), ("MPI", "merge", "A40")]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("merge", "nobody", "--into", "nobody-else"), 1, "No patient nobody is known here"),
        (("unmerge", "past-refused-1"), 1, "it is not merged into another patient. Nothing has changed."),
        (("move", "1.2.3", "--to", "past-refused-1"), 1, "No scan 1.2.3 is known here"),
        (("reject", "1.2.3"), 1, "No scan 1.2.3 is known here"),
        (("reject", "1.2.3", "--because", "boredom"), 2, "boredom is no reason"),
        (("reject", "STUDY", "--revision", "0"), 2, "--revision"),
        (("restore", "STUDY"), 1, "No rejection of it stands."),
    ],
)
def test_what_cannot_be_is_answered_in_a_sentence(
    service: Service, folder: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    one = sent(service, folder, "past-refused-1", 0)
    ended = service.command(*(one.studies[0] if word == "STUDY" else word for word in words))
    assert ended.returncode == code
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_after_all_that_every_invariant_holds(service: Service) -> None:
    assert service.verify()["I3"] > 0
