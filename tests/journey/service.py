"""A whole service of a test's own: `scanstream up` as a process, dcmtk as the sender, its database to ask."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

import stream
from stream.commands.status import counts_of
from stream.endpoints import free_port
from stream.settings import Settings, load_settings
from stream.storage.database import connect
from tests.forked.forking import command
from tests.programs import needs_program
from tests.waiting import wait_until

SETTLE_SECONDS = 180
"""Until nothing is pending: on a busy machine much more than is needed; a service that loses work never settles."""

WAIT_SECONDS = 0.2
"""For another association of a scan: whoever sends images waits this long."""

SUCCESS = "Store Response (Success)"
"""What dcmtk says of a file it was told success for."""


class Service:
    """`scanstream up` on a folder and ports of its own."""

    def __init__(self, folder: Path, **settings: object) -> None:
        ports = {"dicom_port": free_port(), "dashboard_port": free_port()}
        self.settings: Settings = load_settings(data_dir=folder / "data", **{**ports, **settings})
        self._folder = folder
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns as soon as `up` says that it is up."""
        with self.up_log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stream", "up"],
                cwd=self._folder,
                env=self.environment(),
                text=True,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        said = iter(self.process.stdout.readline, "")
        assert any("Ctrl-C stops all" in line for line in said), self.up_log.read_text()

    def end(self) -> None:
        """End it, whatever state it is in; its parts end with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def command(self, *words: str, **settings: object) -> subprocess.CompletedProcess[str]:
        """`scanstream WORDS` beside the service, with other `settings` where given."""
        changed = {f"SCANSTREAM_{name.upper()}": str(value) for name, value in settings.items()}
        return command(words, {**self.environment(), **changed}, self._folder, SETTLE_SECONDS + 60)

    def settle(self) -> dict[str, Any]:
        """The counts of `scanstream status` once nothing is pending; a process for each look would take a second."""
        counts: dict[str, Any] = {}

        def is_settled() -> bool:
            counts.update(counts_of(self.settings))
            return not counts["pending"]

        wait_until(is_settled, SETTLE_SECONDS)
        return counts

    def verify(self) -> dict[str, int]:
        """How many things each invariant was checked on; fails where one does not hold."""
        ended = self.command("verify", "--json")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return {finding["invariant"]: finding["checked"] for finding in json.loads(ended.stdout)}

    def store(self, paths: Sequence[Path], *options: str) -> int:
        """Send `paths` with dcmtk in one association; returns how many were answered with success."""
        return successes(self.sending(paths, *options))

    def sending(self, paths: Sequence[Path], *options: str) -> "Sending":
        """dcmtk's sender at work; `successes` waits for its end."""
        caller = ("-v", "-R", "-aet", "PACS", "-aec", self.settings.dicom_ae_title)
        receiver = (self.settings.dicom_host, str(self.settings.dicom_port))
        command = [needs_program("storescu"), *caller, *options, *receiver, *map(str, paths)]
        return Sending(command)

    def ask(self, query: str, values: Sequence[object] = (), role: str = "reader") -> list[tuple]:
        """Rows of Postgres as `role` sees them; the default sees the published views only."""
        with connect(self.settings, role, timeouts=False) as connection:
            return connection.execute(query, values or None).fetchall()

    def folded(self) -> int:
        """Scan revisions that came to stand on a timeline by now."""
        return self.ask("SELECT count(*) FROM core.ledger WHERE kind = 'scan'", role="worker")[0][0]

    def listens(self) -> bool:
        """Whether the gateway takes connections."""
        try:
            socket.create_connection((self.settings.dicom_host, self.settings.dicom_port), timeout=1).close()
        except OSError:
            return False
        return True

    def patient(self, mrn: str) -> str:
        """Pseudonym of the patient with the hospital's ID `mrn`."""
        ((patient_id,),) = self.ask("SELECT patient_id FROM vault.patients WHERE mrn = %s", [mrn], role="vault")
        return patient_id

    def scan(self, study_uid: str) -> str:
        """Pseudonym of the study."""
        query = "SELECT scan_uid FROM vault.scans WHERE study_instance_uid = %s"
        ((scan_uid,),) = self.ask(query, [study_uid], role="vault")
        return scan_uid

    def log(self, part: str) -> list[str]:
        """Log lines of a part."""
        return (self.settings.run / f"{part}.log").read_text().splitlines()

    @property
    def up_log(self) -> Path:
        """What the supervisor wrote."""
        return self._folder / "up.log"

    def starts(self, part: str) -> list[int]:
        """Process ids of `part`, one for each time it was started."""
        lines = [line.split() for line in self.up_log.read_text().splitlines()]
        return [
            int(line[-1].removeprefix("pid=")) for line in lines if f"part={part}" in line and "part_started" in line
        ]

    def processes(self) -> list[int]:
        """`up` and everything below it."""
        up = psutil.Process(self.process.pid)
        return [up.pid, *(child.pid for child in up.children(recursive=True))]

    def environment(self) -> dict[str, str]:
        """Environment of its processes."""
        return {**self.settings.environment(), "PYTHONPATH": str(Path(stream.__file__).parents[1])}


class Sending:
    """dcmtk's sender at work, listened to all the time: one that nobody reads stops when its pipe is full."""

    def __init__(self, command: Sequence[str]) -> None:
        self.said: list[str] = []
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        self.said.extend(self._process.stderr)

    @property
    def heard(self) -> int:
        """How many files it was told success for by now."""
        return sum(SUCCESS in line for line in self.said)

    def wait(self) -> None:
        """Until it has ended."""
        self._listener.join()
        self._process.wait()

    def has_ended(self) -> bool:
        """Whether it has nothing more to send."""
        return not self._listener.is_alive()


def successes(sending: Sending) -> int:
    """How many files dcmtk was told success for, once it has ended."""
    sending.wait()
    return sending.heard


@contextmanager
def running_service(folder: Path, **settings: object) -> Iterator[Service]:
    """A service that is up within the context and ends with it."""
    service = Service(folder, **settings)
    try:
        service.start()
        yield service
    finally:
        service.end()
