"""A gateway, or the whole service, that is killed in the middle of its work: nothing is lost, nothing counts twice."""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.archive.durable import TEMP_PREFIX
from stream.simulated.synthetic import SyntheticLesion, make_sr, save
from tests.faults.gateway import check_files, images, kill_gateway
from tests.journey.service import SETTLE_SECONDS, WAIT_SECONDS, Service, running_service, successes
from tests.waiting import has_ended, wait_until

KILLS, FILES_EACH = 3, 6
PATIENTS = 20
VISITS = ("20240108", "20240401", "20240624", "20240916")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of this module alone."""
    with running_service(tmp_path_factory.mktemp("killed"), association_wait_seconds=WAIT_SECONDS) as service:
        yield service


def traffic(folder: Path, name: str) -> list[Path]:
    """Reports of four visits of twenty lung patients, called after `name`."""
    return [
        save(
            make_sr(
                [SyntheticLesion({"longest_diameter": (20.0 + patient + 3 * visit, "mm")})],
                PatientID=f"{name}-{patient}",
                StudyDate=day,
            ),
            folder / f"{name}-{patient}-{visit}.dcm",
        )
        for visit, day in enumerate(VISITS)
        for patient in range(PATIENTS)
    ]


def test_what_a_killed_gateway_had_answered_with_success_is_found_whole(service: Service, tmp_path: Path) -> None:
    rng = random.Random(4)
    paths = images(tmp_path / "door", rng, KILLS * FILES_EACH)
    check_files(service, paths, kill_gateway(service, paths, rng, KILLS))


def known(service: Service, name: str) -> set[str]:
    """Files of `traffic(name)` whose scan is on its timeline, by the patient's ID and the visit's place in time."""
    patients = dict(service.ask("SELECT patient_id, mrn FROM vault.patients", role="vault"))
    rows = service.ask("SELECT patient_id, acquired_at FROM scanstream.trajectory")
    stems = {f"{patients[patient_id]}-{VISITS.index(f'{at:%Y%m%d}')}" for patient_id, at in rows}
    return {stem for stem in stems if stem.startswith(f"{name}-")}


def test_when_up_itself_is_killed_no_process_stays_and_the_next_one_has_it_all(
    service: Service, tmp_path: Path
) -> None:
    paths, before, processes = traffic(tmp_path, "power"), service.folded(), service.processes()
    sending = service.sending(paths)
    wait_until(lambda: service.folded() > before, SETTLE_SECONDS)
    os.kill(service.process.pid, signal.SIGKILL)
    heard = paths[: successes(sending)]
    wait_until(lambda: all(has_ended(pid) for pid in processes))
    service.start()
    service.settle()
    assert known(service, "power") >= {path.stem for path in heard}
    assert service.verify()["I5"] > 0
    assert service.store(paths) == len(paths)
    service.settle()
    assert known(service, "power") == {path.stem for path in paths}
    running = [("gateway", True), ("worker-1", True)]  # others are in the place of those that were killed
    wait_until(lambda: service.ask("SELECT name, is_heard FROM scanstream.process ORDER BY 1, 2") == running, 60)


def test_sigterm_in_traffic_stops_everything_in_time_and_leaves_nothing_half_written(
    service: Service, tmp_path: Path
) -> None:
    processes, before = service.processes(), service.folded()
    assert service.store(traffic(tmp_path, "stopped")) == PATIENTS * len(VISITS)
    wait_until(lambda: service.folded() > before, SETTLE_SECONDS)
    assert len(processes) >= 6  # up, Postgres, Kafka, gateway, worker, dashboard
    service.process.terminate()
    assert service.process.wait(SETTLE_SECONDS) == 0
    assert all(has_ended(pid) for pid in processes)
    assert list(service.settings.data_dir.rglob(f"{TEMP_PREFIX}*")) == []
    # a part that does not stop in time is killed, and its code is another
    stopped = [line for line in service.up_log.read_text().splitlines() if "part_stopped" in line]
    assert {line.split("code=")[1] for line in stopped if "part=worker" in line or "part=gateway" in line} == {"0"}
