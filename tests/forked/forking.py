"""Starts `scanstream` without waiting for its imports, which take longer than most commands do."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import stream
from tests.waiting import wait_until


class Zygote:
    """The process that others are forked from."""

    def __init__(self) -> None:
        root = str(Path(stream.__file__).parents[1])
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            env={"PYTHONPATH": root},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._answer() == "ready"

    def start(self, words: Sequence[str], env: dict[str, str], folder: Path, out: Path, err: Path) -> int:
        """Start `scanstream WORDS`; returns its pid."""
        places = {"folder": str(folder), "out": str(out), "err": str(err)}
        return self._ask({"words": words, "env": env, **places})

    def ended(self, pid: int) -> int | None:
        """How it ended, None while it lives; asked once more after that, nobody knows."""
        return self._ask({"pid": pid})

    def kill(self, pid: int) -> None:
        """End it and wait for it."""
        if self.ended(pid) is None:
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: self.ended(pid) is not None)

    def _ask(self, request: dict[str, Any]) -> Any:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        return json.loads(self._process.stdout.readline())


@cache
def zygote() -> Zygote:
    """The one of this process, which it ends with."""
    return Zygote()


def command(
    words: Sequence[str], env: dict[str, str], folder: Path, seconds: float
) -> subprocess.CompletedProcess[str]:
    """`scanstream WORDS` in `folder`, and what it said within `seconds`."""
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said) / "out", Path(said) / "err"
        pid, codes = zygote().start(words, env, folder, out, err), []

        def has_ended() -> bool:
            codes.append(zygote().ended(pid))
            return codes[-1] is not None

        wait_until(has_ended, seconds)
        return subprocess.CompletedProcess(list(words), codes[-1], out.read_text(), err.read_text())
