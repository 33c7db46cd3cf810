"""What 1 % of files that cost far more than others do to everybody else."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from stream.dicom.gateway.sender import send
from stream.dicom.gateway.spool import Spool
from stream.simulated.synthetic import make_sr, save
from tests.faults.odd_files import odd_file
from tests.faults.page import recorded
from tests.journey.service import Service, running_service
from tests.waiting import wait_until

SEEDS = (1,)
REPORTS = 600
A_SECOND = 4.0
SHARE = 100
"""One odd file for so many others."""
AT_ONCE = 16
AIM = 2.0
END_SECONDS = 900.0
PENDING = "SELECT pending FROM scanstream.service_status"
APPLIED = "SELECT patient_id, applied_at FROM scanstream.scan_status WHERE status = 'applied'"
ASIDE = "SELECT reason_code, count(*) FROM scanstream.set_aside GROUP BY 1 ORDER BY 1"


class Traffic:
    """Reports of new patients at an even pace, each over an association of its own."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service, self._folder = service, folder
        self.acknowledged: dict[str, float] = {}

    def run(self, reports: int, odd: Sequence[Path]) -> None:
        """Send so many, and `odd` ones spread evenly among them."""
        files = [save(make_sr(PatientID=f"{self._folder.name}-{n}"), self._folder / f"{n}.dcm") for n in range(reports)]
        every = reports // max(1, len(odd))
        begin, others = time.monotonic(), iter(odd)
        with ThreadPoolExecutor(AT_ONCE) as senders:
            for number, file in enumerate(files):
                time.sleep(max(0.0, begin + number / A_SECOND - time.monotonic()))
                senders.submit(self._send, file, f"{self._folder.name}-{number}")
                if odd and number % every == every // 2:
                    senders.submit(self._send, next(others), "")
        assert len(self.acknowledged) == reports

    def _send(self, file: Path, mrn: str) -> None:
        settings = self._service.settings
        ((said),) = send([file], settings.dicom_host, settings.dicom_port, settings.dicom_ae_title, "PACS")
        if mrn and said.status == 0:
            self.acknowledged[mrn] = time.time()

    def waits(self) -> list[float]:
        """Seconds from the answer to the sender until the scan stands on its timeline, of each."""
        mrns = dict(self._service.ask("SELECT patient_id, mrn FROM vault.patients", role="vault"))
        applied = {mrns[patient]: at.timestamp() for patient, at in self._service.ask(APPLIED)}
        return [applied[mrn] - at for mrn, at in self.acknowledged.items()]


@pytest.mark.timeout(3600)
def test_one_file_in_a_hundred_does_not_make_the_others_wait(
    seed: int, times: Callable[[int], int], tmp_path: Path
) -> None:
    """In turns, since the machine has other work."""
    odd = [odd_file(f"odd-{n}", seed + n, tmp_path / f"odd-{n}.dcm") for n in range(max(1, times(REPORTS) // SHARE))]
    usual: list[float] = []
    among: list[float] = []
    with (
        recorded("poisoned_traffic", "1 % of the files", seed) as counts,
        running_service(tmp_path, workers=1) as service,
    ):
        _waits(service, tmp_path / "warm", ())
        for number, file in enumerate(odd):
            usual += _waits(service, tmp_path / f"usual-{number}", ())
            among += _waits(service, tmp_path / f"among-{number}", [file])
        p95, ratio = float(np.percentile(among, 95)), float(np.percentile(among, 95) / np.percentile(usual, 95))
        counts |= {"reports among them": len(among), "odd": len(odd), "p95": f"{p95:.2f} s", "ratio": f"{ratio:.2f}"}
        counts |= {"set aside": ", ".join(f"{reason} {number}" for reason, number in service.ask(ASIDE)) or 0}
        counts["invariants"] = f"hold ({', '.join(service.verify())})"
        assert ratio <= AIM, f"others wait {ratio:.1f} times as long"


def _waits(service: Service, folder: Path, odd: Sequence[Path]) -> list[float]:
    """How long so many reports waited that have one odd file among them, once all has come to its end."""
    traffic = Traffic(service, folder)
    traffic.run(SHARE, odd)
    spool = Spool(service.settings.spool)
    wait_until(lambda: not spool.waiting() and service.ask(PENDING) == [(0,)], END_SECONDS)
    return traffic.waits()
