"""The spool: what was accepted and not yet handed over, as files and journal records that survive a power cut."""

import datetime as dt
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from heapq import nsmallest
from pathlib import Path

from stream.archive.durable import TEMP_PREFIX, sync_folder
from stream.crash import reach
from stream.dicom.gateway.incoming import IncomingFile
from stream.dicom.gateway.limits import OUT_OF_RESOURCES
from stream.errors import CannotStart, Refuse

UIDS_BYTES = 700
"""Of study UIDs in one record, so that it stays below 1,023 bytes: the longest symbolic link that XFS takes."""


@dataclass(frozen=True)
class Arrival:
    """How an instance came: hash of its content, who sent it, in which association, when and in which encoding."""

    content_sha256: str
    calling_ae: str
    peer: str
    association: str
    transfer_syntax: str
    received_at: dt.datetime


@dataclass(frozen=True)
class InstanceRecord:
    """Journal record of one accepted file; `name` is the record's own file name."""

    name: str
    sha256: str
    arrival: Arrival


@dataclass(frozen=True)
class AssociationEndRecord:
    """Journal record of an association's end, with the Study Instance UIDs it touched."""

    name: str
    association: str
    study_uids: tuple[str, ...]
    closed_at: dt.datetime


Record = InstanceRecord | AssociationEndRecord


class Spool:
    """A folder of `<sha256>.dcm` files and `<time_ns>-<random>.json` records; one process writes it.

    A file without a record was never acknowledged; a record without its file neither, or the archive has it.
    A record is a symbolic link to its own text.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._last_ns = 0

    def open(self) -> None:
        """Make the folder, and remove what a crash left half-written; files without a record were never acknowledged.

        Only for the process that receives, before it does. Raises CannotStart.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            records = (_read(self.folder / name) for name in self._names())
            recorded = {record.sha256 for record in records if isinstance(record, InstanceRecord)}
            for path in self.folder.iterdir():
                if path.name.startswith(TEMP_PREFIX) or (path.suffix == ".dcm" and path.stem not in recorded):
                    path.unlink()
                    reach("spool.leftover_removed")
            sync_folder(self.folder)
        except OSError as error:
            raise CannotStart(f"The spool {self.folder} cannot be used ({error.strerror}); check DATA_DIR.") from None

    def incoming(self, head: bytes) -> IncomingFile:
        """A file that begins with `head`, to be written piece by piece; raises OSError where it cannot be."""
        return IncomingFile(self.folder, head)

    def free_bytes(self) -> int:
        """What the service may still write to the disk of the spool; raises OSError."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def keep(self, file: IncomingFile, arrival: Arrival) -> InstanceRecord:
        """Make a file and its record durable; Refuse(0xA700) if the disk is full or not writable.

        Order: file and its fsync, its name, its record, then the folder's fsync: when this returns, both are found
        again.
        """
        try:
            temp, sha256 = file.make_durable()
            reach("spool.file_written")
            temp.rename(self.folder / f"{sha256}.dcm")
            reach("spool.file_named")
            record = InstanceRecord(self._record_name(), sha256, arrival)
            self._write_record(record.name, {"sha256": sha256, **asdict(arrival)})
            sync_folder(self.folder)
        except OSError as error:
            file.drop()
            raise Refuse(OUT_OF_RESOURCES, f"Cannot store: {error.strerror}") from None
        return record

    def close_association(self, association: str, study_uids: Sequence[str], closed_at: dt.datetime) -> None:
        """Make durable that an association ended; raises OSError (nobody waits for an answer)."""
        for portion in _portions(study_uids):
            fields = {"association": association, "study_uids": portion, "closed_at": closed_at}
            self._write_record(self._record_name(), fields)
        sync_folder(self.folder)

    def records(self, limit: int | None = None) -> list[Record]:
        """The first `limit` records, or all, in the order in which they were accepted."""
        names = self._names()
        return [_read(self.folder / name) for name in (sorted(names) if limit is None else nsmallest(limit, names))]

    def waiting(self) -> int:
        """How many records there are."""
        return sum(1 for _ in self._names())

    def file(self, record: InstanceRecord) -> Path:
        """Where the file of `record` lies until the archive has taken it."""
        return self.folder / f"{record.sha256}.dcm"

    def clear(self, record: Record) -> None:
        """Forget a record that has been handed over; once forgotten already is no error."""
        (self.folder / record.name).unlink(missing_ok=True)

    def _names(self) -> Iterator[str]:
        """Names of all records, in any order; after a long outage there may be a million."""
        with os.scandir(self.folder) as entries:
            names = (entry.name for entry in entries)
            yield from (name for name in names if name.endswith(".json") and not name.startswith("."))

    def _write_record(self, name: str, fields: dict[str, object]) -> None:
        """A record is a symbolic link to its own text: there whole or not at all, durable with its folder."""
        (self.folder / name).symlink_to(json.dumps(fields, default=dt.datetime.isoformat))
        reach("spool.record_named")

    def _record_name(self) -> str:
        """Names sort by acceptance, also when the clock is set back while we run."""
        with self._lock:
            self._last_ns = max(self._last_ns + 1, time.time_ns())
            return f"{self._last_ns:020d}-{secrets.token_hex(4)}.json"


def _portions(study_uids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """As many UIDs at a time as one record holds; of what is longer, no UID, the quiet time ends the scan."""
    portion: list[str] = []
    free = UIDS_BYTES
    for uid in study_uids:
        size = len(json.dumps(uid)) + 2
        if size > UIDS_BYTES:
            continue
        if size > free:
            yield tuple(portion)
            portion, free = [], UIDS_BYTES
        portion.append(uid)
        free -= size
    if portion:
        yield tuple(portion)


def _read(path: Path) -> Record:
    """A record, also one that an earlier version wrote as a file."""
    try:
        text: str | bytes = os.readlink(path)  # noqa: PTH115  # a Path would leave out slashes
    except OSError:
        text = path.read_bytes()
    fields = json.loads(text)
    if "study_uids" in fields:
        closed_at = dt.datetime.fromisoformat(fields["closed_at"])
        return AssociationEndRecord(path.name, fields["association"], tuple(fields["study_uids"]), closed_at)
    fields["received_at"] = dt.datetime.fromisoformat(fields["received_at"])
    return InstanceRecord(path.name, fields.pop("sha256"), Arrival(**fields))
