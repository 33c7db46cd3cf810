"""`python -m benchmarks.traffic FOLDER PER_SECOND`: reports of ever new patients at a steady rate until killed."""

import itertools
import sys
import time
from pathlib import Path

from stream.dicom.gateway.sender import send
from stream.settings import Settings, load_settings
from stream.simulated.synthetic import make_sr, save

PER_ASSOCIATION = 100


def main(folder: Path, per_second: float) -> None:
    """Send for ever; a report that falls due while one is under way follows at once."""
    settings = load_settings()
    due = time.monotonic()
    for first in itertools.count(0, PER_ASSOCIATION):
        files = [
            save(make_sr(PatientID=f"traffic-{number}"), folder / f"{number}.dcm")
            for number in range(first, first + PER_ASSOCIATION)
        ]
        due = _send(settings, files, due, 1 / per_second)


def _send(settings: Settings, files: list[Path], due: float, interval: float) -> float:
    """Send one file each `interval` seconds from `due` on; when the next one is due."""
    for _ in send(files, "127.0.0.1", settings.dicom_port, settings.dicom_ae_title, "TRAFFIC"):
        due += interval
        time.sleep(max(0.0, due - time.monotonic()))
    return due


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
