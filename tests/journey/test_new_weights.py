"""New weights in a running service: added, compared, promoted while scans flow, and rolled back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.card import COMMITTED, Card
from stream.simulated.synthetic import SyntheticLesion, make_sr, save
from tests.journey.service import SETTLE_SECONDS, Service, running_service, successes
from tests.other_weights import other_weights
from tests.waiting import wait_until

PATIENTS = 12
LEADING = "SELECT DISTINCT weights_version FROM scanstream.current_risk WHERE endpoint = 'progression'"
OLD = Card.read(COMMITTED / "progression" / "card.json").weights_sha256


def report(folder: Path, number: int, day: str) -> Path:
    """The report of a lung lesion of patient `number`."""
    dataset = make_sr(
        [SyntheticLesion({"longest_diameter": (20.0 + number, "mm")})], PatientID=f"new-{number}", StudyDate=day
    )
    return save(dataset, folder / f"{number}-{day}.dcm")


def said(service: Service, *words: str, rc: int = 0) -> str:
    """What the command prints; fails unless it exits with `rc`."""
    ended = service.command(*words)
    assert ended.returncode == rc, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout if rc == 0 else ended.stderr


def lacking(service: Service, version: str) -> int:
    """Standing scans without a standing state of `version`."""
    query = """SELECT count(*) FROM core.placements p WHERE p.kind = 'scan' AND p.ended_by IS NULL AND NOT EXISTS (
      SELECT FROM core.states s WHERE s.scan_uid = p.id AND s.weights_version = %s AND s.superseded_by IS NULL)"""
    return service.ask(query, [version], role="worker")[0][0]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own with a dozen patients: promotion changes what every reader sees."""
    with running_service(tmp_path_factory.mktemp("weights")) as service:
        folder = tmp_path_factory.mktemp("reports")
        paths = [report(folder, number, day) for number in range(PATIENTS) for day in ("20240108", "20240401")]
        assert service.store(paths) == len(paths)
        service.settle()
        yield service


def test_new_weights_from_adding_to_leading_and_back(cohort: Service, tmp_path: Path) -> None:
    card = other_weights(tmp_path / "new")
    version, short = card.weights_sha256, card.weights_sha256[:10]
    workers = cohort.starts("worker-1")

    assert "as a shadow" in said(cohort, "model", "add", str(tmp_path / "new"), "--why", "a trial")
    assert lacking(cohort, version) == 0
    assert cohort.ask(LEADING) == [(OLD,)]
    assert "in service already" in said(cohort, "model", "add", str(tmp_path / "new"))

    found = json.loads(said(cohort, "model", "compare", short, "--json"))
    assert (found["new"], found["old"]) == (version, OLD)
    assert [(one["horizon_days"], one["patients"]) for one in found["questions"]] == [
        (90, PATIENTS),
        (180, PATIENTS),
        (365, PATIENTS),
        (None, PATIENTS),
    ]
    followed = found["questions"][0]["outcomes"]  # by the second visit, at which nobody has progressed
    assert (followed["patients"], followed["with_event"], followed["measures"]) == (PATIENTS, 0, [])
    assert [(one["horizon_days"], one["patients"]) for one in found["sizes"]] == [
        (42, PATIENTS),
        (63, PATIENTS),
        (84, PATIENTS),
    ]
    assert found["sizes"][2]["measured"]["patients"] == PATIENTS  # the second visit, twelve weeks after the first
    assert [one["patients"] for one in found["responses"]] == [PATIENTS]

    folder = tmp_path / "reports"
    sending = cohort.sending([report(folder, number, "20240624") for number in range(PATIENTS)])
    wait_until(lambda: cohort.folded() > 2 * PATIENTS, SETTLE_SECONDS)
    switched = said(cohort, "model", "promote", short)
    assert "leads progression (bladder, lung), size (bladder, lung), response (bladder, lung) now" in switched
    assert successes(sending) == PATIENTS
    cohort.settle()
    assert cohort.ask(LEADING) == [(version,)]
    assert lacking(cohort, version) == lacking(cohort, OLD) == 0
    rows = json.loads(said(cohort, "model", "list", "--json"))
    assert {row["weights_version"]: len(row["leads"]) for row in rows if row["model"] == "progression"} == {
        OLD: 0,
        version: 6,
    }

    assert OLD[:12] in said(cohort, "model", "rollback", "progression", "--why", "only a test")
    assert cohort.ask(LEADING) == [(OLD,)]
    assert short in said(cohort, "model", "list")
    found = json.loads(said(cohort, "replay", "--model", "progression", "--json"))
    assert found == {"timelines": PATIENTS, "changed": 0, "largest_difference": 0}
    cohort.verify()
    assert cohort.starts("worker-1") == workers


def test_weights_that_cannot_be_used_are_refused_in_one_sentence(cohort: Service, tmp_path: Path) -> None:
    other_weights(tmp_path / "damaged")
    (tmp_path / "damaged" / "weights.safetensors").write_bytes(b"damaged")
    assert "is not the file its card describes" in said(cohort, "model", "add", str(tmp_path / "damaged"), rc=2)
    assert "No weights 0123456789 are known" in said(cohort, "model", "promote", "0123456789", rc=1)
    assert "no way back" in said(cohort, "model", "rollback", "response", rc=1)
