"""The past changes: by the command line, by the topic, as a person or another system would."""

import json
from dataclasses import dataclass

import pytest

from stream.simulated.synthetic import SyntheticLesion, make_sr, save
from tests.journey.service import SETTLE_SECONDS, Service
from tests.journey.topics import bring
from tests.waiting import wait_until

DAYS = ("20240108", "20240401", "20240624", "20240916")
DIAMETERS_MM = (42.0, 36.0, 38.0, 41.0)
"""Of no two of them does the later one tell of progression: after it no risk would stand."""
STANDING = """SELECT acquired_at, endpoint, horizon_days, risk, risk_low, risk_high FROM scanstream.risk_history
WHERE current_patient_id = %s AND superseded_at IS NULL ORDER BY 1, 2, 3"""
STATUS = "SELECT DISTINCT status FROM scanstream.scan_status WHERE scan_uid = %s"


@dataclass(frozen=True)
class Sent:
    """A patient whose visits were sent: pseudonym, and the Study Instance UID of each visit."""

    mrn: str
    patient_id: str
    studies: list[str]


CAST = {
    "past-always-one": (0, 1, 2, 3),
    "past-double-1": (0, 2),
    "past-double-2": (1, 3),
    "past-right": (0, 1, 2),
    "past-wrong": (0, 2),
    "past-other": (1, 3),
    "past-without": (0, 2),
    "past-blurred": (0, 1, 2),
    "past-told-always-one": (0, 2, 3),
    "past-told-1": (0, 2),
    "past-told-2": (1, 3),
    "past-refused": (0,),
}
"""Patients by the hospital's ID, with the visits that are sent of each."""


@pytest.fixture(scope="module")
def cast(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sent]:
    """All patients of this module, sent in one association and taken into account."""
    folder, studies = tmp_path_factory.mktemp("past"), {}
    for mrn, visits in CAST.items():
        reports = [make_sr([_lesion(DIAMETERS_MM[n])], PatientID=mrn, StudyDate=DAYS[n]) for n in visits]
        studies[mrn] = [one.StudyInstanceUID for one in reports]
        for one in reports:
            save(one, folder / f"{one.SOPInstanceUID}.dcm")
    paths = sorted(folder.iterdir())
    assert service.store(paths) == len(paths)
    service.settle()
    return {mrn: Sent(mrn, service.patient(mrn), uids) for mrn, uids in studies.items()}


def _lesion(mm: float) -> SyntheticLesion:
    """The same lesion in every record: one that only its label names is another one for each patient."""
    return SyntheticLesion({"longest_diameter": (mm, "mm")}, tracking_uid="2.25.4711")


def standing(service: Service, patient_id: str) -> list[tuple]:
    return service.ask(STANDING, [patient_id])


def done(service: Service, *words: str) -> dict:
    """What the command says as JSON; it must have taken effect."""
    ended = service.command(*words, "--json")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["outcome"] == "done"
    return told


def test_two_records_of_one_person_become_one_timeline_and_come_apart_again(
    service: Service, cast: dict[str, Sent]
) -> None:
    always_one = cast["past-always-one"]
    first, second = cast["past-double-1"], cast["past-double-2"]
    apart = [standing(service, one.patient_id) for one in (first, second)]
    done(service, "merge", second.mrn, "--into", first.mrn, "--why", "registered twice")
    assert standing(service, first.patient_id) == standing(service, always_one.patient_id)
    done(service, "unmerge", second.mrn, "--why", "two people after all")
    assert [standing(service, one.patient_id) for one in (first, second)] == apart
    ended = "SELECT DISTINCT superseded_because FROM scanstream.risk_history WHERE patient_id = %s ORDER BY 1"
    # on a busy machine one of its studies may be folded after a later one
    assert {row[0] for row in service.ask(ended, [second.patient_id])} - {"late"} == {None, "merged"}


def test_a_study_of_the_wrong_patient_is_moved_where_it_belongs(service: Service, cast: dict[str, Sent]) -> None:
    right = cast["past-right"]
    wrong, other = cast["past-wrong"], cast["past-other"]
    done(service, "move", other.studies[0], "--to", wrong.mrn, "--why", "wrong worklist entry")
    assert standing(service, wrong.patient_id) == standing(service, right.patient_id)
    assert {row[0].month for row in standing(service, other.patient_id)} == {9}


def test_a_rejected_scan_counts_no_longer_until_it_is_restored(service: Service, cast: dict[str, Sent]) -> None:
    without = cast["past-without"]
    one = cast["past-blurred"]
    before = standing(service, one.patient_id)
    done(service, "reject", one.studies[1], "--because", "quality", "--why", "motion")
    assert service.ask(STATUS, [service.scan(one.studies[1])]) == [("rejected",)]
    assert standing(service, one.patient_id) == standing(service, without.patient_id)
    done(service, "restore", one.studies[1], "--why", "good enough for the lesion")
    assert service.ask(STATUS, [service.scan(one.studies[1])]) == [("applied",)]
    assert standing(service, one.patient_id) == before


def test_other_systems_say_the_same_by_message(service: Service, cast: dict[str, Sent]) -> None:
    always_one = cast["past-told-always-one"]
    first, second = cast["past-told-1"], cast["past-told-2"]
    fact = {"scan_uid": service.scan(second.studies[0]), "because": "safety"}
    bring(service.settings, second.patient_id, "rejection", fact, by="RIS", why="wrong contrast agent")
    bring(service.settings, second.patient_id, "merge", {"into": first.patient_id}, by="MPI", why="A40")
    expected = standing(service, always_one.patient_id)
    wait_until(lambda: standing(service, first.patient_id) == expected, SETTLE_SECONDS)
    log = "SELECT who, what, why FROM core.audit WHERE subject LIKE %s OR subject LIKE %s ORDER BY seq"
    said = service.ask(log, [f"{second.patient_id}%", f"{fact['scan_uid']}%"], role="auditor")
    assert said == [
        ("patient-events: RIS", "reject", "wrong contrast agent"),
        ("patient-events: MPI", "merge", "A40"),
    ]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("merge", "nobody", "--into", "nobody-else"), 1, "No patient nobody is known here"),
        (("unmerge", "past-refused"), 1, "it is not merged into another patient. Nothing has changed."),
        (("move", "1.2.3", "--to", "past-refused"), 1, "No scan 1.2.3 is known here"),
        (("reject", "1.2.3"), 1, "No scan 1.2.3 is known here"),
        (("reject", "1.2.3", "--because", "boredom"), 2, "boredom is no reason"),
        (("reject", "STUDY", "--revision", "0"), 2, "--revision"),
        (("restore", "STUDY"), 1, "No rejection of it stands."),
    ],
)
def test_what_cannot_be_is_answered_in_a_sentence(
    service: Service, cast: dict[str, Sent], words: tuple[str, ...], code: int, says: str
) -> None:
    one = cast["past-refused"]
    ended = service.command(*(one.studies[0] if word == "STUDY" else word for word in words))
    assert ended.returncode == code
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_after_all_that_every_invariant_holds(service: Service) -> None:
    assert service.verify()["I3"] > 0
