import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from stream.endpoints import free_port
from tests.dicom.factories import make_sr, save
from tests.programs import needs_program

ROOT = Path(__file__).resolve().parents[3]
CALL = re.compile(r"^(?P<pid>\d+) +(?:<\.\.\. )?(?P<name>\w+)(?P<rest>.*)$")


def _calls(trace: Path) -> Iterator[tuple[str, str]]:
    """System calls (name, arguments): what sends counts when it begins, everything else when it is done."""
    begun: dict[str, str] = {}
    for line in trace.read_text().splitlines():
        call = CALL.match(line)
        if not call:
            continue
        name, rest = call["name"], call["rest"]
        if "resumed>" in rest:
            if call["pid"] in begun:
                yield name, begun.pop(call["pid"])
        elif "<unfinished" in rest and not name.startswith("send"):
            begun[call["pid"]] = rest
        elif " = -1 " not in rest:
            yield name, rest


def _steps(trace: Path, spool: Path) -> list[str]:
    """What happened to the spool, and when data went out on the association, in the order in which it did."""
    steps = []
    for name, arguments in _calls(trace):
        if name == "fsync" and ".writing-" in arguments:
            steps.append("fsync written file")
        elif name == "fsync" and f"<{spool}>" in arguments:
            steps.append("fsync folder")
        elif name.startswith("rename") and str(spool) in arguments:
            steps.append("name of a file" if '.dcm"' in arguments else "name of an end")
        elif name.startswith("send") and r'"\4\0' in arguments:  # P-DATA-TF, PS3.8 9.3.5
            steps.append("response")
    return steps


def test_success_is_answered_only_after_file_name_and_folder_are_on_disk(tmp_path: Path) -> None:
    trace, port = tmp_path / "trace", free_port()
    watched = [
        needs_program("strace"),
        "-f",
        "-y",
        "-o",
        trace,
        "-e",
        "trace=fsync,rename,renameat,renameat2,sendto",
    ]
    gateway = [sys.executable, "-m", "tests.dicom.running_gateway", tmp_path / "data", str(port)]
    report = save(make_sr(), tmp_path / "sr.dcm")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen([*watched, *gateway], **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        subprocess.run([needs_program("storescu"), "-R", "127.0.0.1", str(port), report], check=True)
        process.stdin.close()
        assert process.wait(30) == 0
    kept = [
        "fsync folder",  # the spool is made
        "fsync written file",
        "name of a file",  # which is its record
        "fsync folder",
        "response",
    ]
    closed = ["fsync written file", "name of an end", "fsync folder"]
    assert _steps(trace, tmp_path / "data" / "spool") == kept + closed
