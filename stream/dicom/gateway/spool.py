"""The spool: what was accepted and not yet handed over, as files and journal records that survive a power cut."""

import datetime as dt
import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from heapq import nsmallest
from pathlib import Path

from stream.archive.durable import TEMP_PREFIX, sync_folder, write_temp
from stream.crash import reach
from stream.errors import CannotStart, Refuse

OUT_OF_RESOURCES = 0xA700  # PS3.4 B.2.3


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
    """A folder of `<sha256>.dcm` files and `<time_ns>-<random>.json` records; one process writes it."""

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

    def keep(self, chunks: Iterable[bytes | memoryview], arrival: Arrival) -> InstanceRecord:
        """Make a file and its record durable; Refuse(0xA700) if the disk is full or not writable.

        Order: file and its fsync, record and its fsync, then the folder's: when this returns, both are found again.
        """
        try:
            temp, sha256 = write_temp(self.folder, chunks)
            reach("spool.file_written")
            temp.rename(self.folder / f"{sha256}.dcm")
            reach("spool.file_named")
            record = InstanceRecord(self._record_name(), sha256, arrival)
            self._write_record(record, {"sha256": sha256, **asdict(arrival)})
        except OSError as error:
            raise Refuse(OUT_OF_RESOURCES, f"Cannot store: {error.strerror}") from None
        return record

    def close_association(self, association: str, study_uids: Sequence[str], closed_at: dt.datetime) -> None:
        """Make durable that an association ended; raises OSError (nobody waits for an answer)."""
        record = AssociationEndRecord(self._record_name(), association, tuple(study_uids), closed_at)
        fields = asdict(record)
        del fields["name"]
        self._write_record(record, fields)

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

    def _write_record(self, record: Record, fields: dict[str, object]) -> None:
        temp, _ = write_temp(self.folder, [json.dumps(fields, default=dt.datetime.isoformat).encode()])
        reach("spool.record_written")
        temp.rename(self.folder / record.name)
        reach("spool.record_named")
        sync_folder(self.folder)

    def _record_name(self) -> str:
        """Names sort by acceptance, also when the clock is set back while we run."""
        with self._lock:
            self._last_ns = max(self._last_ns + 1, time.time_ns())
            return f"{self._last_ns:020d}-{secrets.token_hex(4)}.json"


def _read(path: Path) -> Record:
    fields = json.loads(path.read_bytes())
    if "study_uids" in fields:
        closed_at = dt.datetime.fromisoformat(fields["closed_at"])
        return AssociationEndRecord(path.name, fields["association"], tuple(fields["study_uids"]), closed_at)
    fields["received_at"] = dt.datetime.fromisoformat(fields["received_at"])
    return InstanceRecord(path.name, fields.pop("sha256"), Arrival(**fields))
