"""What a benchmark sends, and how: CT series and reports that nobody has seen, by dcmtk's sender."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import uid

from stream.simulated.synthetic import make_image, make_sr, save
from tests.programs import needs_program

SIDE = 512
ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}
"""Without it dcmtk waits for acknowledgements, and both receivers idle at some 20 files a second."""


def slices(folder: Path, count: int) -> list[Path]:
    """One CT series of a new patient, 527 KB a slice."""
    study, series, frame = uid.generate_uid(), uid.generate_uid(), uid.generate_uid()
    noise = np.random.default_rng(0).integers(0, 4096, (SIDE, SIDE), np.uint16)
    shared = {
        "SOPClassUID": uid.CTImageStorage,
        "Modality": "CT",
        "PatientID": study[-16:],
        "StudyInstanceUID": study,
        "SeriesInstanceUID": series,
        "FrameOfReferenceUID": frame,
    }
    return [
        save(
            make_image(np.roll(noise, number), **shared, ImagePositionPatient=[0.0, 0.0, float(number)]),
            folder / f"{number}.dcm",
        )
        for number in range(count)
    ]


def reports(folder: Path, count: int) -> list[Path]:
    """Reports of 2 KB, each of a new patient."""
    study = uid.generate_uid()
    return [save(make_sr(PatientID=f"{study[-12:]}-{n}"), folder / f"{n}.dcm") for n in range(count)]


def rate(port: int, groups: Sequence[Sequence[Path]]) -> float:
    """Files a second, one association for each group, all at once."""
    command = [needs_program("storescu"), "-R", "-aec", "SCANSTREAM", "127.0.0.1", str(port)]
    began = time.monotonic()
    senders = [subprocess.Popen([*command, *map(str, group)], env=ENVIRONMENT) for group in groups]
    if any(sender.wait() for sender in senders):
        raise RuntimeError("a file was not taken")
    return sum(map(len, groups)) / (time.monotonic() - began)


def listens(port: int) -> bool:
    """Whether a receiver answers a C-ECHO there."""
    done = subprocess.run([needs_program("echoscu"), "127.0.0.1", str(port)], capture_output=True)
    return done.returncode == 0
