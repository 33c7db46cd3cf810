"""How the service runs, in sentences."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import wording
from dashboard.rows import ProcessRow
from stream.disks import FREE_BYTES, Disk, gibibytes

LOST_AFTER = dt.timedelta(hours=1)
FOLDERS = {"postgres": "Postgres", "kafka": "Kafka"}
NOBODY = "Nothing runs: neither a gateway nor a worker has said so within 30 seconds. Start them with `scanstream up`."
NO_PART = {
    "gateway": "No gateway runs: senders get no answer.",
    "worker": "No worker runs: what arrives is kept and waits.",
}


def who(processes: Sequence[ProcessRow]) -> str:
    """Who runs: `2 processes run: gateway, 1 worker on the CPU.`"""
    heard = [process for process in processes if process.is_heard]
    if not heard:
        return "Nothing runs."
    gateways = sum(process.part == "gateway" for process in heard)
    devices = Counter(process.device or "" for process in heard if process.part == "worker")
    named = ["gateway" if gateways == 1 else f"{gateways} gateways"] if gateways else []
    named += [f"{wording.counted(count, 'worker')} on {device(name)}" for name, count in sorted(devices.items())]
    return f"{len(heard)} process{' runs' if len(heard) == 1 else 'es run'}: {', '.join(named)}."


def device(name: str | None) -> str:
    """What a process computes on."""
    return "the CPU" if name == "cpu" else name or ""


def speed(throughput: pd.Series) -> str:
    """What came and was applied in the last hour."""
    files, scans = throughput.files_hour, throughput.scans_hour
    if not files and not scans:
        return "Nothing was received or applied in the last hour."
    received = "No file was" if not files else f"{wording.counted(files, 'file')} {'was' if files == 1 else 'were'}"
    return f"{received} received and {wording.counted(scans, 'scan')} applied in the last hour."


def waiting(on_the_way: int, processes: Sequence[ProcessRow], oldest: dt.datetime | None, now: dt.datetime) -> str:
    """What is on the way, and since when the one that waits longest has not moved."""
    spooled = sum(int(process.spooled or 0) for process in processes if not pd.isna(process.spooled))
    kinds = ((on_the_way, "scan on the way"), (spooled, "record in the spool"))
    told = [wording.counted(count, noun) for count, noun in kinds if count]
    if not told:
        return "Nothing waits."
    if oldest is not None and not pd.isna(oldest):
        told[-1] += f"; the scan that waits longest last moved {lately(oldest, now)}"
    return f"{' and '.join(told)}."


def room(disks: Sequence[Disk]) -> str:
    """How much is free; empty where no process says so."""
    if len(disks) == 1:
        return f"{gibibytes(disks[0].free_bytes)} free."
    told = [f"{gibibytes(disk.free_bytes)} free for {folders(disk)}" for disk in disks]
    return f"{', '.join(told)}." if told else ""


def folders(disk: Disk) -> str:
    """What lies on a disk: `spool, archive and Postgres`."""
    *others, last = (FOLDERS.get(name, name) for name in disk.folders)
    return f"{', '.join(others)} and {last}" if others else last


def state(process: ProcessRow, now: dt.datetime) -> str:
    """`runs`, `silent` or `lost`."""
    if process.is_heard:
        return "runs"
    return "silent" if now - process.heard_at < LOST_AFTER else "lost"


def troubles(processes: Sequence[ProcessRow], disks: Sequence[Disk], now: dt.datetime, zone: ZoneInfo) -> Iterator[str]:
    """What somebody should look after, a sentence each."""
    parts = {process.part for process in processes if process.is_heard}
    if parts:
        yield from (words for part, words in NO_PART.items() if part not in parts)
    else:
        yield NOBODY
    yield from (_missed(process, now, zone) for process in processes if not process.is_heard)
    yield from (_low(disk) for disk in disks if disk.is_low)


def lately(at: dt.datetime, now: dt.datetime) -> str:
    """How long ago, also where that is less than a minute."""
    words = wording.age(at, now)
    return "less than a minute ago" if words == "just now" else words


def _missed(process: ProcessRow, now: dt.datetime, zone: ZoneInfo) -> str:
    when = f"{lately(process.heard_at, now)} ({wording.moment(process.heard_at, zone)})"
    return f"{process.name} is {state(process, now)}: last heard {when}, and it did not end in order."


def _low(disk: Disk) -> str:
    left = f"Only {gibibytes(disk.free_bytes)} of {gibibytes(disk.total_bytes)} are free for {folders(disk)}"
    return f"{left}. Below {gibibytes(FREE_BYTES)} a busy day can fill the disk, and then nothing more can be kept."
