"""Running a bundle on a volume in a child process, which may crash, hang or run out of memory without harm to us."""

import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import numpy as np

from models.bundles.description import Bundle
from models.imaging.volume import Volume

RUN_SECONDS = 150.0
"""For one volume, on a busy machine; reading it may take as long again before a worker counts as stuck."""
_ROOT = Path(__file__).parents[2]


class Failure(StrEnum):
    """What a network did in the place of an answer."""

    RAISED = "raised"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    NOT_FINITE = "not_finite"
    WRONG_SHAPE = "wrong_shape"
    TOO_FINE = "too_fine"


SAYS = {
    Failure.RAISED: "it ended with an error",
    Failure.CRASHED: "its process crashed",
    Failure.TIMED_OUT: "it took longer than it may",
    Failure.OUT_OF_MEMORY: "it took more memory than it may",
    Failure.NOT_FINITE: "its output holds values that are no numbers",
    Failure.WRONG_SHAPE: "its output has another shape than metadata.json says",
    Failure.TOO_FINE: "the grid that it wants has too many voxels",
}


class BundleFailed(Exception):
    """A network gave no labels; the text is a sentence part that says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(SAYS[failure])
        self.failure = failure


def run(bundle: Bundle, volume: Volume, seconds: float = RUN_SECONDS) -> np.ndarray:
    """The labels (D, H, W) uint8 of an axial volume: number + 1 of a lesion's channel, 0 elsewhere; BundleFailed."""
    request = {
        "folder": str(bundle.folder.absolute()),
        "shape": volume.values.shape,
        "spacing_mm": [float(size) for size in volume.spacing_mm],
        "modality": volume.modality,
    }
    values = np.ascontiguousarray(volume.values, np.float32)
    answer = _asked(json.dumps(request).encode() + b"\n", values, seconds)
    if answer[:1] == b"L" and len(answer) == values.size + 1:
        return np.frombuffer(answer, np.uint8, offset=1).reshape(values.shape)
    told = answer[1:].decode(errors="replace") if answer[:1] == b"E" else ""
    raise BundleFailed(Failure(told) if told in {*Failure} else Failure.CRASHED)


def _asked(request: bytes, values: np.ndarray, seconds: float) -> bytes:
    """What the child says, no more than it may; nothing of our environment, passwords among it, goes along."""
    command = [sys.executable, "-P", "-m", "models.bundles.child"]
    environment = {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment) as child:
        timer = threading.Timer(seconds, child.kill)
        deadline = time.monotonic() + seconds
        timer.start()
        try:
            answer = _answer(child, request, values)
            if time.monotonic() >= deadline:
                raise BundleFailed(Failure.TIMED_OUT)
            return answer
        finally:
            timer.cancel()
            child.kill()


def _answer(child: subprocess.Popen[bytes], request: bytes, values: np.ndarray) -> bytes:
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the child was started without pipes")
    with suppress(BrokenPipeError):  # it ended before it had read all; what it said tells why
        child.stdin.write(request)
        child.stdin.write(values.data.cast("B"))
        child.stdin.close()
    return child.stdout.read(values.size + 1)
