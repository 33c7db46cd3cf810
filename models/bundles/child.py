"""Runs a bundle's network in a process of its own, with limits: what it does wrong harms nothing else.

One request on stdin: a line of JSON (folder, shape, spacing_mm, modality), then the volume's values, float32. The
answer on stdout: `L` and a byte for each voxel, the labels of inference.py; or `E` and a code. The network is a program
that somebody wrote: it gets no network of computers, no environment, no file to write, and an end to memory and time.
"""

import ctypes
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO

SPARE_BYTES = 6 * 2**30  # for network, grid and scores; beside what the libraries take
CPU_SECONDS = 150
NEW_USER, NEW_NET = 0x10000000, 0x40000000  # unshare(2)
END_WITH_PARENT, SIGKILL = 1, 9  # prctl(2)


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.buffer.readline())
    libc = ctypes.CDLL(None)
    libc.prctl(END_WITH_PARENT, SIGKILL)
    libc.unshare(NEW_USER | NEW_NET)  # where the system allows no such thing, the other limits stand
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever the network prints is no answer
    answer.write(_answer(request, sys.stdin.buffer))
    answer.flush()
    os._exit(0)  # no clean-up that the network has prepared


def _answer(request: dict[str, Any], pipe: BinaryIO) -> bytes:
    import numpy as np
    import torch

    from models.bundles.description import Bundle
    from models.bundles.inference import BadOutput, labels
    from models.bundles.networks import load_network
    from models.imaging.volume import Volume

    torch.set_num_threads(1)  # so that the same volume gives the same labels, bit by bit
    shape = tuple(request["shape"])
    values = np.frombuffer(bytearray(pipe.read(int(np.prod(shape)) * 4)), np.float32).reshape(shape)
    _limit()
    try:
        bundle = Bundle.read(Path(request["folder"]))
        volume = Volume(values, tuple(request["spacing_mm"]), request["modality"])
        with torch.inference_mode():
            return b"L" + labels(bundle, load_network(bundle), volume).numpy().tobytes()
    except BadOutput as error:
        return b"E" + str(error).encode()
    except (MemoryError, RuntimeError) as error:  # torch has no error of its own for a memory that is full
        full = isinstance(error, MemoryError) or "alloc" in str(error)
        return b"Eout_of_memory" if full else b"Eraised"
    except Exception:  # whatever a network raises
        return b"Eraised"


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * os.sysconf("SC_PAGE_SIZE") + SPARE_BYTES
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in limits.items():
        resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    main()
