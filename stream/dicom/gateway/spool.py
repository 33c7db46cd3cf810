"""The spool: what was accepted and not yet handed over, in files that survive a power cut, named by what is known."""

import datetime as dt
import json
import os
import re
import secrets
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from pathlib import Path
from urllib.parse import quote, unquote

from stream.archive.durable import TEMP_PREFIX, sync_folder, write_temp
from stream.crash import reach
from stream.dicom.gateway.incoming import IncomingFile
from stream.dicom.gateway.limits import OUT_OF_RESOURCES
from stream.errors import CannotStart, Refuse

THREADS = 64
"""Made as they are needed: as many files may wait for the disk at the same time as there may be associations."""
RECORD = re.compile(r"\d{20}-[0-9a-f]{8}[,.]")
"""What the name of each record begins with: the time in nanoseconds, and some digits made by chance."""


@dataclass(frozen=True)
class Arrival:
    """How an instance came: hash of its content, who sent it, in which association, and when."""

    content_sha256: str
    calling_ae: str
    peer: str
    association: str
    received_at: dt.datetime


@dataclass(frozen=True)
class InstanceRecord:
    """One accepted file; all that is known of it stands in `name`, its name in the spool."""

    name: str
    sha256: str
    arrival: Arrival

    @property
    def receipt_id(self) -> str:
        """The receipt that it becomes."""
        return self.name.partition(",")[0].removesuffix(".json")


@dataclass(frozen=True)
class AssociationEndRecord:
    """An association's end, with the Study Instance UIDs it touched."""

    name: str
    association: str
    study_uids: tuple[str, ...]
    closed_at: dt.datetime


Record = InstanceRecord | AssociationEndRecord


class Spool:
    """A folder of accepted files, `<time_ns>-<random>,<what is known of it>.dcm`, and ends of associations, `….json`.

    One process writes it. A file gets its name when it is durable: no record is ever there without its file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._beside = ThreadPoolExecutor(THREADS, "disk")
        self._lock = threading.Lock()
        self._last_ns = 0

    def open(self) -> None:
        """Make the folder, and remove what a crash left half-written, which was never acknowledged.

        Only for the process that receives, before it does. Raises CannotStart.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            recorded = {self.file(record) for record in self.records() if isinstance(record, InstanceRecord)}
            for path in self.folder.iterdir():
                if path.name.startswith(TEMP_PREFIX) or (path.suffix == ".dcm" and path not in recorded):
                    path.unlink()
                    reach("spool.leftover_removed")
            sync_folder(self.folder)
        except OSError as error:
            raise CannotStart(f"The spool {self.folder} cannot be used ({error.strerror}); check DATA_DIR.") from None

    def incoming(self, head: bytes) -> IncomingFile:
        """A file that begins with `head`, to be written piece by piece; raises OSError where it cannot be."""
        return IncomingFile(self.folder, head, self._beside)

    def free_bytes(self) -> int:
        """What the service may still write to the disk of the spool; raises OSError."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def keep(self, file: IncomingFile, arrival: Arrival) -> InstanceRecord:
        """Make a file durable, and with its name what is known of it; Refuse(0xA700) if the disk does not take it.

        Order: file and its fsync, its name, then the folder's fsync: when this returns, both are found again. All that
        needs no disk is done before the disk is waited for: who was asleep has less to do until it can answer.
        """
        try:
            sha256 = file.sha256()
            record = InstanceRecord(_name(self._time_and_chance(), sha256, arrival), sha256, arrival)
            folder = self._descriptor
            file.give_name(record.name, folder)
            reach("spool.file_named")
            os.fsync(folder)
        except OSError as error:
            file.drop()
            raise Refuse(OUT_OF_RESOURCES, f"Cannot store: {error.strerror}") from None
        return record

    def close_association(self, association: str, study_uids: Sequence[str], closed_at: dt.datetime) -> None:
        """Make durable that an association ended; raises OSError (nobody waits for an answer)."""
        fields = {"association": association, "study_uids": study_uids, "closed_at": closed_at.isoformat()}
        temp, _ = write_temp(self.folder, [json.dumps(fields).encode()])
        temp.rename(self.folder / f"{self._time_and_chance()}.json")
        reach("spool.end_named")
        sync_folder(self.folder)

    def records(self, limit: int | None = None) -> list[Record]:
        """The first `limit` records, or all, in the order in which they were accepted."""
        names = self._names()
        oldest = sorted(names) if limit is None else nsmallest(limit, names)
        return [_named(name) if name.endswith(".dcm") else _read(self.folder / name) for name in oldest]

    def waiting(self) -> int:
        """How many records there are; none where there is no spool."""
        return sum(1 for _ in self._names()) if self.folder.is_dir() else 0

    def file(self, record: InstanceRecord) -> Path:
        """Where the file of `record` lies until it is cleared; an earlier version kept it beside the record."""
        return self.folder / (record.name if record.name.endswith(".dcm") else f"{record.sha256}.dcm")

    def clear(self, record: Record) -> None:
        """Forget a record that has been handed over; once forgotten already is no error."""
        (self.folder / record.name).unlink(missing_ok=True)
        if isinstance(record, InstanceRecord) and self.file(record).name != record.name:
            self.file(record).unlink(missing_ok=True)

    def _names(self) -> Iterator[str]:
        """Names of all records, in any order; after a long outage there may be a million."""
        with os.scandir(self.folder) as entries:
            yield from (entry.name for entry in entries if RECORD.match(entry.name))

    @cached_property
    def _descriptor(self) -> int:
        """Of the folder, for as long as this process writes to it."""
        return os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)

    def _time_and_chance(self) -> str:
        """Names sort by acceptance, also when the clock is set back while we run."""
        with self._lock:
            self._last_ns = max(self._last_ns + 1, time.time_ns())
            return f"{self._last_ns:020d}-{secrets.token_hex(4)}"


def _name(receipt_id: str, sha256: str, arrival: Arrival) -> str:
    """All that is known of a file: 244 characters at most, of the 255 that a name may have.

    Hashes are written in the letters of base64, and a title has 16 characters, of which each may take three.
    """
    hashes = _short(sha256), _short(arrival.content_sha256)
    microseconds = round(arrival.received_at.timestamp() * 1e6)
    texts = (quote(text, safe=":") for text in (arrival.association, arrival.calling_ae, arrival.peer))
    return ",".join([receipt_id, *hashes, str(microseconds), *texts]) + ".dcm"


def _named(name: str) -> InstanceRecord:
    """The record that a file is by its name."""
    _, sha256, content, microseconds, *texts = name.removesuffix(".dcm").split(",")
    association, calling_ae, peer = map(unquote, texts)
    received_at = dt.datetime.fromtimestamp(int(microseconds) / 1e6, dt.UTC)
    return InstanceRecord(name, _long(sha256), Arrival(_long(content), calling_ae, peer, association, received_at))


def _short(sha256: str) -> str:
    return urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")


def _long(short: str) -> str:
    return urlsafe_b64decode(f"{short}=").hex()


def _read(path: Path) -> Record:
    """An association's end; or a file's record of an earlier version: a text, or a link whose target is the text."""
    try:
        text: str | bytes = os.readlink(path)  # noqa: PTH115  # a Path would leave out slashes
    except OSError:
        text = path.read_bytes()
    fields = json.loads(text)
    if "study_uids" in fields:
        closed_at = dt.datetime.fromisoformat(fields["closed_at"])
        return AssociationEndRecord(path.name, fields["association"], tuple(fields["study_uids"]), closed_at)
    said = {name: fields[name] for name in ("content_sha256", "calling_ae", "peer", "association")}
    received_at = dt.datetime.fromisoformat(fields["received_at"])
    return InstanceRecord(path.name, fields["sha256"], Arrival(**said, received_at=received_at))
