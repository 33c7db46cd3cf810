"""The long form of the killed worker (`make faults`): two workers, shuffled traffic with doubles, kills at random."""

import os
import random
import signal
from pathlib import Path

import pytest

from stream.dicom.synthetic import Lesion, make_sr, save
from tests.journey.service import SETTLE_SECONDS, running_service, successes
from tests.waiting import has_ended, wait_until

PATIENTS, VISITS, ASSOCIATIONS = 50, 8, 20
DOUBLED = 0.05


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_workers_killed_at_random_in_shuffled_traffic_lose_and_double_nothing(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    scans = [
        save(make_sr([Lesion({"longest_diameter": (rng.uniform(5, 80), "mm")})], PatientID=f"patient-{patient}",
                     StudyDate=f"2024{month:02}15"), tmp_path / f"{patient}-{month}.dcm")
        for patient in range(PATIENTS) for month in range(1, VISITS + 1)
    ]  # fmt: skip
    doubled = rng.sample(scans, round(DOUBLED * len(scans)))
    sent = rng.sample([*scans, *doubled], len(scans) + len(doubled))
    with running_service(tmp_path, workers=2) as service:
        for start in range(0, len(sent), len(sent) // ASSOCIATIONS):
            before, batch = service.folded(), sent[start : start + len(sent) // ASSOCIATIONS]
            sending = service.sending(batch)
            part = rng.choice(["worker-1", "worker-2"])
            wait_until(lambda before=before: service.folded() > before, SETTLE_SECONDS)
            wait_until(lambda part=part: not has_ended(service.starts(part)[-1]), SETTLE_SECONDS)
            os.kill(service.starts(part)[-1], signal.SIGKILL)
            assert successes(sending) == len(batch)
        status = service.settle()
        assert status["files"] == {"accepted": len(scans), "duplicate": len(doubled), "set_aside": 0}
        assert status["scans"] == {"applied": len(scans)}
        assert service.verify()["I5"] >= len(scans)
