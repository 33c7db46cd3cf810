"""What 1 % of files that cost far more than others do to everybody else."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from stream.dicom.gateway.sender import send
from stream.simulated.synthetic import make_sr, save
from tests.faults.odd_files import odd_file
from tests.faults.page import recorded
from tests.journey.service import Service, running_service
from tests.waiting import wait_until

SEEDS = (1,)
REPORTS = 600
A_SECOND = 4.0
SHARE = 100
"""One poisoned file for so many others."""
AT_ONCE = 16
AIM = 2.0
UNDECIDED = "SELECT count(*) FROM scanstream.scan_status WHERE status IN ('receiving', 'measuring', 'waiting')"
APPLIED = "SELECT patient_id, applied_at FROM scanstream.scan_status WHERE status = 'applied'"
ASIDE = "SELECT reason_code, count(*) FROM scanstream.set_aside GROUP BY 1 ORDER BY 1"


class Traffic:
    """Reports of new patients at an even pace, each over an association of its own."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service, self._folder = service, folder
        self.acknowledged: dict[str, float] = {}

    def run(self, reports: int, poisons: Sequence[Path] = ()) -> None:
        """Send so many, and `poisons` spread evenly among them."""
        files = [save(make_sr(PatientID=f"{self._folder.name}-{n}"), self._folder / f"{n}.dcm") for n in range(reports)]
        every = reports // max(1, len(poisons))
        begin, odd = time.monotonic(), iter(poisons)
        with ThreadPoolExecutor(AT_ONCE) as senders:
            for number, file in enumerate(files):
                time.sleep(max(0.0, begin + number / A_SECOND - time.monotonic()))
                senders.submit(self._send, file, f"{self._folder.name}-{number}")
                if poisons and number % every == every // 2:
                    senders.submit(self._send, next(odd), "")
        assert len(self.acknowledged) == reports

    def _send(self, file: Path, mrn: str) -> None:
        settings = self._service.settings
        ((said),) = send([file], settings.dicom_host, settings.dicom_port, settings.dicom_ae_title, "PACS")
        if mrn and said.status == 0:
            self.acknowledged[mrn] = time.time()

    def p95(self) -> float:
        """Seconds from the answer to the sender until the scan stands on its timeline, of 95 % of them."""
        mrns = dict(self._service.ask("SELECT patient_id, mrn FROM vault.patients", role="vault"))
        applied = {mrns[patient]: at.timestamp() for patient, at in self._service.ask(APPLIED)}
        return float(np.percentile([applied[mrn] - at for mrn, at in self.acknowledged.items()], 95))


@pytest.mark.timeout(3600)
def test_one_file_in_a_hundred_does_not_make_the_others_wait(
    seed: int, times: Callable[[int], int], tmp_path: Path
) -> None:
    reports = times(REPORTS)
    poisons = [odd_file(f"odd-{n}", seed + n, tmp_path / f"odd-{n}.dcm") for n in range(max(1, reports // SHARE))]
    with (
        recorded("poisoned_traffic", "1 % of the files", seed) as counts,
        running_service(tmp_path, workers=1) as service,
    ):
        warm = Traffic(service, tmp_path / "warm")
        warm.run(20)
        service.settle()
        usual, poisonous = Traffic(service, tmp_path / "usual"), Traffic(service, tmp_path / "among")
        usual.run(reports)
        service.settle()
        counts |= {"reports": reports, "poisoned": len(poisons), "usual p95": f"{usual.p95():.2f} s"}
        poisonous.run(reports, poisons)
        wait_until(lambda: service.ask(UNDECIDED) == [(0,)] and not any(service.settings.spool.glob("*.json")), 600)
        p95, ratio = poisonous.p95(), poisonous.p95() / usual.p95()
        counts |= {"among them p95": f"{p95:.2f} s", "ratio": f"{ratio:.2f}"}
        counts |= {"set aside": ", ".join(f"{reason} {number}" for reason, number in service.ask(ASIDE)) or 0}
        counts["invariants"] = f"hold ({', '.join(service.verify())})"
        assert ratio <= AIM, f"others wait {ratio:.1f} times as long"
