"""What a process has in hand is known after its death, and a suspect has the process to itself."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

from stream.agents.in_flight import InFlight
from stream.storage.intake.suspects import WorkItem

ONE, TWO, THREE = WorkItem("scan", "s1", 1), WorkItem("scan", "s2", 1), WorkItem("timeline", "PA")

DIES = """
import os, signal, sys
from pathlib import Path
from stream.agents.in_flight import InFlight
from stream.storage.intake.suspects import WorkItem

in_flight = InFlight(Path(sys.argv[1]))
with in_flight.holding("measure", [WorkItem("scan", "s%d" % n, 1) for n in range(200)], False):
    pass
with in_flight.holding("measure", [WorkItem("scan", "s1", 1), WorkItem("scan", "s2", 1)], False):
    with in_flight.holding("forecast", [WorkItem("timeline", "PA")], False):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def die(folder: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", DIES, str(folder)], timeout=60)
    assert ended.returncode == -signal.SIGKILL


def left(in_flight: InFlight) -> list[list[WorkItem]]:
    return [items for items, _ in in_flight.left_behind()]


def test_a_killed_process_leaves_what_it_had_in_hand_and_nothing_it_had_done(tmp_path: Path) -> None:
    die(tmp_path)
    assert left(InFlight(tmp_path)) == [[ONE, TWO, THREE]]


def test_what_is_forgotten_is_not_found_again(tmp_path: Path) -> None:
    die(tmp_path)
    successor = InFlight(tmp_path)
    for _, forget in successor.left_behind():
        forget()
    assert left(successor) == []


def test_a_living_process_is_no_predecessor_and_its_place_is_its_own(tmp_path: Path) -> None:
    living = InFlight(tmp_path)
    with living.holding("measure", [ONE], False):
        other = InFlight(tmp_path)
        assert left(other) == []
        with other.holding("measure", [TWO], False):
            assert len(list(tmp_path.glob("*.json"))) == 2


def test_what_any_dead_process_of_this_machine_had_in_hand_is_found(tmp_path: Path) -> None:
    living = InFlight(tmp_path)
    die(tmp_path)
    del living  # its file stays locked until the process ends: the dead one had the second place
    assert left(InFlight(tmp_path)) == [[ONE, TWO, THREE]]


def test_an_orderly_end_leaves_nothing(tmp_path: Path) -> None:
    in_flight = InFlight(tmp_path)
    with in_flight.holding("measure", [ONE], False):
        in_flight.empty()
        assert left(in_flight) == []


def test_a_suspect_is_worked_on_by_one_hand_while_all_others_rest(tmp_path: Path) -> None:
    in_flight, seen = InFlight(tmp_path), []
    entered = threading.Event()

    def suspect() -> None:
        with in_flight.holding("measure", [ONE], True):
            seen.append("alone")

    def other() -> None:
        with in_flight.holding("assemble", [TWO], False):
            seen.append("beside")

    with in_flight.holding("forecast", [THREE], False):
        alone = threading.Thread(target=lambda: (entered.set(), suspect()))
        alone.start()
        entered.wait()
        seen.append("done")
    alone.join()
    other()
    assert seen == ["done", "alone", "beside"]
