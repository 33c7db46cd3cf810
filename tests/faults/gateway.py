"""A gateway that is killed while files arrive: what it had answered with success must be found whole."""

import hashlib
import os
import random
import signal
from pathlib import Path

import numpy as np
from pydicom import dcmread

from stream.archive.durable import TEMP_PREFIX
from stream.simulated.synthetic import make_image, save
from tests.journey.service import SETTLE_SECONDS, Service, successes
from tests.waiting import wait_until

PIXELS = 512
"""Rows and columns: half a megabyte takes long enough that kills meet files half written."""


def images(folder: Path, rng: random.Random, number: int) -> list[Path]:
    """MR slices, each of a patient of its own."""
    pixels = np.random.default_rng(rng.getrandbits(32))
    return [
        save(
            make_image(pixels.integers(0, 4096, (PIXELS, PIXELS)), PatientID=f"{folder.name}-{index}"),
            folder / f"{index}.dcm",
        )
        for index in range(number)
    ]


def kill_gateway(service: Service, paths: list[Path], rng: random.Random, kills: int) -> list[Path]:
    """Send `paths` in as many associations as there are kills, what was not answered once more; returns what was
    answered with success by a gateway that was killed."""
    answered = []
    for number in range(kills):
        batch = paths[len(paths) * number // kills : len(paths) * (number + 1) // kills]
        goal, starts = rng.randrange(len(batch)), len(service.starts("gateway"))
        sending = service.sending(batch)
        wait_until(lambda goal=goal, sending=sending: sending.heard >= goal)
        os.kill(service.starts("gateway")[-1], signal.SIGKILL)
        heard = successes(sending)
        answered += batch[:heard]
        wait_until(lambda starts=starts: len(service.starts("gateway")) > starts and service.listens(), SETTLE_SECONDS)
        if heard < len(batch):
            assert service.store(batch[heard:]) == len(batch) - heard
    return answered


def check_files(service: Service, paths: list[Path], answered: list[Path]) -> dict[str, object]:
    """All files are kept under their own sha256 and each once, those `answered` as they were sent."""
    status = service.settle()
    assert status["files"]["accepted"] == len(paths)
    assert status["files"]["set_aside"] == 0
    assert status["scans"] == {"applied": len(paths)}
    kept = list(service.settings.archive.rglob("*.dcm"))
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.stem for path in kept)
    assert list(service.settings.data_dir.rglob(f"{TEMP_PREFIX}*")) == []
    datasets = {dataset.SOPInstanceUID: dataset for dataset in map(dcmread, kept)}
    assert len(datasets) == len(paths)
    for path in answered:
        sent = dcmread(path)
        assert datasets[sent.SOPInstanceUID] == sent
    service.verify()
    return {
        "files": len(paths),
        "answered before a kill": len(answered),
        "lost": 0,
        "sent again and found there": status["files"]["duplicate"],
    }
