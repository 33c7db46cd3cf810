import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from stream.errors import CannotStart
from stream.local import supervisor as supervising
from stream.local.lock_file import exclusive
from stream.local.supervisor import SupervisedProcess, Supervisor
from tests.waiting import has_ended, wait_until

PROGRAM = """
import sys
from pathlib import Path
from stream import logs
from stream.local.supervisor import SupervisedProcess, Supervisor, signals_stop

logs.setup("up")
supervisor = Supervisor(Path(sys.argv[1]))
with signals_stop(supervisor), supervisor:
    for number, script in enumerate(sys.argv[2:]):
        supervisor.start(SupervisedProcess(f"part{number}", ("sh", "-c", script)))
    print("started", flush=True)
    supervisor.watch()
"""
STAYS = "echo $$ >> $0.pids; exec sleep 600"
DEAF = "trap '' TERM INT; echo $$ >> $0.pids; while true; do sleep 1; done"


@contextmanager
def supervised(folder: Path, *scripts: str) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own, each script a part; they write their pids to `folder`/pids."""
    scripts = tuple(script.replace("$0.pids", str(folder / "pids")) for script in scripts)
    program = [sys.executable, "-c", PROGRAM, str(folder), *scripts]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "started\n"
        wait_until(lambda: len(pids(folder)) >= len(scripts))
        try:
            yield process
        finally:
            process.kill()


def pids(folder: Path) -> list[int]:
    file = folder / "pids"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_a_part_that_ends_is_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path, STAYS) as process:
        first = pids(tmp_path)[0]
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: len(pids(tmp_path)) == 2)
        second = pids(tmp_path)[1]
        assert has_ended(first)
        assert not has_ended(second)
        process.terminate()
        log = process.stderr.read()
    assert f"part_started part=part0 pid={first}" in log
    assert "part_exited part=part0 code=-9 restart_in_seconds=0.5" in log
    assert f"part_started part=part0 pid={second}" in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_part_and_the_supervisor_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    with supervised(tmp_path, STAYS, STAYS) as process:
        process.send_signal(number)
        assert process.wait(15) == 0
    assert all(has_ended(pid) for pid in pids(tmp_path))


def test_a_part_that_does_not_listen_to_signals_is_killed_within_the_promised_time(tmp_path: Path) -> None:
    with supervised(tmp_path, DEAF) as process:
        process.terminate()
        assert process.wait(15) == 0
    assert has_ended(pids(tmp_path)[0])


def test_what_a_part_started_itself_ends_with_it(tmp_path: Path) -> None:
    with supervised(tmp_path, "sleep 600 & echo $$ >> $0.pids; echo $! >> $0.pids; wait") as process:
        wait_until(lambda: len(pids(tmp_path)) == 2)
        process.terminate()
        assert process.wait(15) == 0
    assert all(has_ended(pid) for pid in pids(tmp_path))


def test_when_the_supervisor_is_killed_no_part_stays(tmp_path: Path) -> None:
    with supervised(tmp_path, STAYS, DEAF) as process:
        process.kill()
        wait_until(lambda: all(has_ended(pid) for pid in pids(tmp_path)))


def test_a_part_that_cannot_start_says_why_in_its_last_line(tmp_path: Path) -> None:
    part = SupervisedProcess("gateway", ("sh", "-c", "echo no key file; exit 3"), ready=lambda: False)
    with Supervisor(tmp_path) as supervisor, pytest.raises(CannotStart, match="gateway did not start: no key file"):
        supervisor.start(part)


def test_a_part_that_fails_at_first_is_tried_again_until_it_is_ready(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    script = f"test -e {flag} && exec sleep 600; touch {flag}; exit 1"
    up = tmp_path / "up"
    part = SupervisedProcess("late", ("sh", "-c", script), ready=flag.exists)
    with Supervisor(up) as supervisor:
        supervisor.start(part)
        wait_until(flag.exists)


def test_what_a_part_needs_is_made_before_every_start_and_tried_again_where_it_fails(tmp_path: Path) -> None:
    tries: list[int] = []

    def prepare() -> None:
        tries.append(len(tries))
        if len(tries) == 2:
            raise CannotStart("no room for its folder")
        if len(tries) == 3:
            supervisor.ask_to_stop()

    with Supervisor(tmp_path) as supervisor:
        supervisor.start(SupervisedProcess("part", ("sleep", "600"), prepare=prepare))
        first = supervisor.pid("part")
        os.kill(first, signal.SIGKILL)
        supervisor.watch()
        assert tries == [0, 1, 2]
        assert not has_ended(supervisor.pid("part"))
        assert supervisor.pid("part") != first


def test_a_folder_is_held_by_one_supervisor_only(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with exclusive(lock, "taken"), pytest.raises(CannotStart, match="taken"), exclusive(lock, "taken"):
        pass
    with exclusive(lock, "taken"):
        assert lock.exists()


def test_output_of_a_part_goes_to_a_log_that_only_its_owner_reads(tmp_path: Path) -> None:
    log = tmp_path / "talker.log"
    part = SupervisedProcess(
        "talker",
        ("sh", "-c", "echo to out; echo to err >&2; exec sleep 600"),
        ready=lambda: "to err" in log.read_text(),
    )
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(part)
        assert psutil.pid_exists(supervisor.pid("talker"))
    assert log.read_text() == "to out\nto err\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_part_that_says_much_fills_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "LOG_BYTES", 10_000)
    before = tmp_path / "talker.log.1"
    part = SupervisedProcess("talker", ("sh", "-c", "while true; do echo one line more; done"))
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(part)
        watching = threading.Thread(target=supervisor.watch)
        watching.start()
        wait_until(before.exists)
        first = before.stat().st_mtime_ns
        wait_until(lambda: before.stat().st_mtime_ns > first)  # it goes on, and so does who writes
        supervisor.ask_to_stop()
        watching.join()
    assert before.read_text().startswith("one line more\n")
    assert before.stat().st_mode & 0o777 == 0o600


def test_parts_are_started_again_also_where_somebody_removed_a_log(tmp_path: Path) -> None:
    with supervised(tmp_path, STAYS, STAYS):
        (tmp_path / "part0.log").unlink()
        first, second = pids(tmp_path)
        os.kill(second, signal.SIGKILL)
        wait_until(lambda: len(pids(tmp_path)) > 2)
        assert psutil.pid_exists(first)
