"""Many viewers at once: until when each has its page, and what each costs the dashboard in processor time and memory.

`python -m benchmarks.viewers [PATIENTS]`: Postgres and the dashboard alone, 5,000 patients unless said. A viewer speaks
to the dashboard as a browser does and draws nothing: Chromium twenty times over would only measure itself.
"""

import asyncio
import statistics
import sys
import time
from typing import NamedTuple

import psutil
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.cohort import patient_id, receive_files, stand
from benchmarks.late import only_postgres
from dashboard.wording import AWAY
from stream.settings import Settings
from tests.dashboard.browser import served

MANY, AT_ONCE = 5_000, 20
PAGES = ("", "patient", "cohort", "pipeline", "models")
MIB = 2**20


class PageFailed(Exception):
    """A page shows that something went wrong; what it takes to show that is not worth measuring."""


class Viewer:
    """One open page; it asks for another look whenever the page wants to be asked, as a browser does."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._looking: dict[str, asyncio.Task[None]] = {}
        self.received = 0

    @classmethod
    async def arrive(cls, base: str, page: str, query: str) -> tuple["Viewer", float]:
        """A viewer who opens a page, and after how many seconds all of it had come."""
        began = time.monotonic()
        address = base.replace("http", "ws", 1) + "/_stcore/stream"
        viewer = cls(await connect(address, subprotocols=["streamlit"], max_size=None))
        await viewer._ask(page_name=page, query_string=query)
        await viewer.read()
        return viewer, time.monotonic() - began

    async def read(self) -> None:
        """Until the page has come to rest; raises PageFailed."""
        message = ForwardMsg()
        while message.WhichOneof("type") != "script_finished":
            encoded = await self._socket.recv()
            self.received += len(encoded)
            message.ParseFromString(encoded)
            if words := trouble(message):
                raise PageFailed(words)
            if message.WhichOneof("type") == "auto_rerun":
                self._look_again(message.auto_rerun.fragment_id, message.auto_rerun.interval)

    async def leave(self) -> None:
        """Close the page."""
        for task in self._looking.values():
            task.cancel()
        await self._socket.close()

    def _look_again(self, fragment: str, seconds: float) -> None:
        async def look() -> None:
            while True:
                await asyncio.sleep(seconds)
                await self._ask(fragment_id=fragment, is_auto_rerun=True)

        if fragment not in self._looking:
            self._looking[fragment] = asyncio.create_task(look())

    async def _ask(self, **what: object) -> None:
        message = BackMsg()
        for name, value in what.items():
            setattr(message.rerun_script, name, value)
        await self._socket.send(message.SerializeToString())


def trouble(message: ForwardMsg) -> str | None:
    """What a page shows instead of itself, in a sentence."""
    element = message.delta.new_element
    kind = element.WhichOneof("type")
    if kind == "exception":
        return f"A page failed: {element.exception.type} {element.exception.message}".rstrip()
    if kind == "alert" and element.alert.format == Alert.ERROR and element.alert.body == AWAY:
        return f"A page says: {AWAY}"
    return None


class Crowd(NamedTuple):
    """Seconds until one viewer alone, and each of AT_ONCE, had a page; processor seconds and MiB that each cost."""

    page: str
    alone: float
    at_once: list[float]
    processor: float
    mib: float
    sent: float

    def __str__(self) -> str:
        p95 = sorted(self.at_once)[round(0.95 * (len(self.at_once) - 1))]
        return (
            f"{self.page or 'worklist':9} alone {self.alone:5.2f} s   {AT_ONCE} at once p50 "
            f"{statistics.median(self.at_once):5.2f}, p95 {p95:5.2f} s   processor {self.processor:5.2f} s, "
            f"{self.mib:5.1f} MiB held, {self.sent:5.2f} MiB sent, each"
        )


async def crowds(base: str, dashboard: psutil.Process) -> None:
    """Print what a crowd on each page takes."""
    for page in PAGES:  # what is loaded once is loaded now
        await (await Viewer.arrive(base, page, _query(page, 0)))[0].leave()
    for page in PAGES:
        print(await _crowd(base, dashboard, page), flush=True)


async def _crowd(base: str, dashboard: psutil.Process, page: str) -> Crowd:
    first, alone = await Viewer.arrive(base, page, _query(page, 0))
    before, held = _processor(dashboard), dashboard.memory_full_info().uss
    arrivals = [Viewer.arrive(base, page, _query(page, number)) for number in range(1, AT_ONCE + 1)]
    arrived = await asyncio.gather(*arrivals)
    processor, more = _processor(dashboard) - before, dashboard.memory_full_info().uss - held
    viewers = [viewer for viewer, _ in arrived]
    for viewer in (first, *viewers):
        await viewer.leave()
    sent = statistics.mean(viewer.received for viewer in viewers)
    seconds = [taken for _, taken in arrived]
    return Crowd(page, alone, seconds, processor / AT_ONCE, more / AT_ONCE / MIB, sent / MIB)


def _query(page: str, number: int) -> str:
    """Of a patient's page each viewer sees another one."""
    return f"patient={patient_id(number)}" if page == "patient" else ""


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def dashboard_process() -> psutil.Process:
    """The one that `served` started."""
    children = psutil.Process().children()
    return next(child for child in children if "dashboard" in child.cmdline())


def measure(settings: Settings) -> None:
    """Print it for the cohort that stands; exits with a sentence where a page fails."""
    with served(settings) as base:
        try:
            asyncio.run(crowds(base, dashboard_process()))
        except PageFailed as failed:
            sys.exit(str(failed))


def main(patients: int) -> None:
    """A cohort on a database of its own."""
    with only_postgres() as settings:
        for _ in stand(settings, patients):
            pass
        receive_files(settings)
        print(f"{patients:,} patients")
        measure(settings)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY)
