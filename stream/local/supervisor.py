"""Ordinary processes started in order, restarted when they end, all ended together, also by our own death."""

import contextlib
import ctypes
import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stream import logs
from stream.errors import CannotStart

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.1
START_SECONDS = 90.0
"""Long enough for Postgres to replay its log after a power cut; a part that has not answered by then never will."""
GRACE_SECONDS = 6.0
"""For each tier between the stop signal and SIGKILL: two tiers stay within the promised 15 s."""
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.5, 10.0
STEADY_SECONDS = 60.0
"""A part that lived this long has started well: its next death is a new one, not one more of a row."""
LOG_BYTES = 16 * 2**20
"""As much of what a part says is kept, and as much again of what it said before."""
FINAL_EXIT_CODES = (2, 3)
"""Wrong settings, or something missing: starting the same again at once would end the same way."""


class Stopped(Exception):
    """The supervisor was asked to stop while a part was starting."""


@dataclass(frozen=True)
class SupervisedProcess:
    """A process: how it is started, how one knows that it answers (`ready`), and how it is ended.

    `ready` is asked after every start until it says yes, so it may also make what only a running process takes.

    `prepare` makes what every start needs, also one after a death; it may raise CannotStart. `stop_signal` asks it to
    stop; `death_signal` is what the kernel sends it when the supervisor dies. Lower tiers serve higher ones, so the
    highest tier is stopped first. `user` is a (uid, gid) to run as.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] | None = None
    prepare: Callable[[], None] | None = None
    ready: Callable[[], bool] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    cwd: Path | None = None
    user: tuple[int, int] | None = None
    tier: int = 1


@dataclass
class _Child:
    part: SupervisedProcess
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    failures: int = 0
    restart_at: float | None = None

    @property
    def delay(self) -> float:
        """Seconds until the next try, the longer the more have failed in a row."""
        return min(FIRST_DELAY_SECONDS * 2.0 ** (self.failures - 1), LONGEST_DELAY_SECONDS)


class Supervisor:
    """Use as a context from the main thread: `start` the parts, `watch`; leaving stops all. Logs go to `run_dir`."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._children: dict[str, _Child] = {}
        self._stopping = False

    def __enter__(self) -> "Supervisor":
        if threading.current_thread() is not threading.main_thread():
            # the kernel sends the death signal when the *thread* that started the child ends
            raise RuntimeError("the supervisor must run in the main thread")
        self._run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()

    def start(self, *parts: SupervisedProcess) -> None:
        """Start `parts` at once and wait until all are ready; one that ends is tried again up to START_SECONDS.

        Raises CannotStart with a part's last log line, Stopped when asked to stop meanwhile.
        """
        deadline = time.monotonic() + START_SECONDS
        for part in parts:
            self._children[part.name] = self._spawn(part)
        for part in parts:
            self._wait_until_ready(self._children[part.name], deadline)

    def pid(self, name: str) -> int:
        """Process id of the part called `name`."""
        return self._children[name].process.pid

    def stop(self, name: str) -> None:
        """Stop one part for good: its stop signal, SIGKILL after GRACE_SECONDS."""
        self._end([self._children.pop(name)])

    def watch(self) -> None:
        """Restart whatever ends, after 0.5 s, then ever longer up to 10 s; returns after `ask_to_stop`."""
        while not self._stopping:
            for child in self._children.values():
                self._restart_if_due(child)
                self._bound_log(child.part)
            time.sleep(POLL_SECONDS)

    def ask_to_stop(self) -> None:
        """End `watch`, and interrupt `start` with Stopped; made for signal handlers."""
        self._stopping = True

    def stop_all(self) -> None:
        """Stop tier by tier, each within GRACE_SECONDS, within a tier the last started first."""
        children = list(reversed(self._children.values()))
        self._children.clear()
        for tier in sorted({child.part.tier for child in children}, reverse=True):
            self._end([child for child in children if child.part.tier == tier])

    def _wait_until_ready(self, child: _Child, deadline: float) -> None:
        while not self._is_ready(child):
            code = child.process.poll()
            if self._stopping:
                raise Stopped
            if code in FINAL_EXIT_CODES or time.monotonic() > deadline:
                raise CannotStart(f"{child.part.name} did not start: {self._last_line(child.part)}")
            self._restart_if_due(child)
            time.sleep(POLL_SECONDS)

    def _is_ready(self, child: _Child) -> bool:
        alive = child.process.poll() is None
        return alive and (child.part.ready is None or child.part.ready())

    def _restart_if_due(self, child: _Child) -> None:
        code, now = child.process.poll(), time.monotonic()
        if code is None:
            return
        if child.restart_at is None:
            _kill_group(child.process.pid)
            child.failures = 1 if now - child.started > STEADY_SECONDS else child.failures + 1
            child.restart_at = now + child.delay
            logs.event("part_exited", part=child.part.name, code=code, restart_in_seconds=child.delay)
        elif now >= child.restart_at:
            self._restart(child)

    def _restart(self, child: _Child) -> None:
        """Another process for what ended; where it cannot even be made, the next try is later."""
        try:
            child.process = self._spawn(child.part).process
        except (CannotStart, OSError) as error:
            child.failures += 1
            child.restart_at = time.monotonic() + child.delay
            logs.event("part_not_started", level=logging.ERROR, part=child.part.name, reason=error)
        else:
            child.started, child.restart_at = time.monotonic(), None
            threading.Thread(target=_ask_until_ready, args=(child.part, child.process), daemon=True).start()

    def _spawn(self, part: SupervisedProcess) -> _Child:
        if part.prepare is not None:
            part.prepare()
        uid, gid = part.user or (None, None)
        with os.fdopen(os.open(self._log(part), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as log:
            process = subprocess.Popen(
                part.argv,
                env=part.env,
                cwd=part.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=uid,
                group=gid,
                extra_groups=None if part.user is None else [],
                process_group=0,  # Ctrl-C reaches us alone, and we stop the parts in order
                preexec_fn=_tie_to_parent(part.death_signal),
            )
        logs.event("part_started", part=part.name, pid=process.pid)
        return _Child(part, process)

    def _end(self, children: list[_Child]) -> None:
        for child in children:
            if child.process.poll() is None:
                child.process.send_signal(child.part.stop_signal)
        deadline = time.monotonic() + GRACE_SECONDS
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            _kill_group(child.process.pid)
            logs.event("part_stopped", part=child.part.name, code=child.process.wait())

    def _log(self, part: SupervisedProcess) -> Path:
        return self._run_dir / f"{part.name}.log"

    def _bound_log(self, part: SupervisedProcess) -> None:
        """A full log becomes the one before; whoever writes it goes on where it ends, at its beginning now."""
        file = self._log(part)
        with contextlib.suppress(OSError):  # somebody moved it, or the disk is full: the parts go on
            if file.stat().st_size > LOG_BYTES:
                shutil.copy(file, file.with_suffix(".log.1"))
                os.truncate(file, 0)

    def _last_line(self, part: SupervisedProcess) -> str:
        file = self._log(part)
        lines = file.read_text(errors="replace").strip().splitlines()
        return f"{lines[-1]} (log: {file})" if lines else f"it wrote nothing to {file}."


@contextlib.contextmanager
def signals_stop(supervisor: Supervisor) -> Iterator[None]:
    """Within the context, SIGINT (Ctrl-C) and SIGTERM ask `supervisor` to stop and do nothing else."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: supervisor.ask_to_stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ask_until_ready(part: SupervisedProcess, process: subprocess.Popen[bytes]) -> None:
    """For a process that was started again: nobody waits for it."""
    while part.ready is not None and process.poll() is None and not part.ready():
        time.sleep(POLL_SECONDS)


def _tie_to_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """What a child runs before exec: the kernel will send it `death_signal` when its parent dies.

    It runs after the change of user, which would clear it again.
    """
    parent = os.getpid()

    def tie() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return tie


def _kill_group(pid: int) -> None:
    """End what a part leaves behind, itself included; its process group has its pid."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
