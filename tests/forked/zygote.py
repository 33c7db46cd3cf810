"""Commands, gateway and worker within a second: forked from this process, which has imported their code already.

One request a line on stdin, one answer a line on stdout: `{"words", "env", "folder", "out", "err"}` starts
`scanstream WORDS` and answers its pid, `{"pid"}` answers how it ended (negative: by which signal) or null. What was
started ends with this process.
"""

import gc
import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from stream.local.supervisor import LIBC, PR_SET_PDEATHSIG

IMPORTED = (
    "stream.__main__",
    "stream.commands.service",
    "stream.wiring.gateway",
    "stream.wiring.verifying",
    "stream.wiring.worker",
)


def serve() -> dict[str, Any] | None:
    """Answer requests until stdin ends; in the child, return what it is to become."""
    for line in sys.stdin:
        request = json.loads(line)
        if "pid" in request:
            pid, status = os.waitpid(request["pid"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                return request
        print(json.dumps(answer), flush=True)
    return None


def become(request: dict[str, Any]) -> None:
    """Run `scanstream WORDS` as this process, as if it had been started for it."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream, file in ((1, request["out"]), (2, request["err"])):
        os.dup2(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), stream)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(Path(request["folder"]))
    sys.argv = ["scanstream", *request["words"]]
    if request["env"].get("POISON"):
        import_module("tests.faults.poison")
    import_module("stream.__main__").main()


if __name__ == "__main__":
    for name in IMPORTED:
        import_module(name)
    import_module("stream.__main__").build_app()  # reads the modules of all commands
    gc.freeze()  # or each child would copy what it never changes
    print(json.dumps("ready"), flush=True)
    if (wanted := serve()) is not None:
        become(wanted)
