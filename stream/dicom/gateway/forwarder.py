"""From spool to database and Kafka: archive the file, write its rows, announce it, then clear the record."""

import logging
import math
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from pathlib import Path

from stream import logs
from stream.archive.originals import Archive
from stream.crash import reach
from stream.dicom.describing import describe_read
from stream.dicom.gateway.peers import Peers, read_peers, with_issuers
from stream.dicom.gateway.reread import Reread
from stream.dicom.gateway.spool import AssociationEndRecord, InstanceRecord, Record, Spool
from stream.dicom.header_reading import HeaderReader, HeaderRequest, ReadHeader
from stream.dicom.pseudonyms import Pseudonyms
from stream.publisher import Publisher, PublishFailed
from stream.services.accepting.arrivals import ReceivedFile
from stream.services.accepting.received_files import InstanceBell, accept, close_association
from stream.services.facts.bells import BellMessage, patient_bell
from stream.services.facts.identity_events import move_to_named
from stream.settings import Settings
from stream.storage.database import Connection, Outage

BATCH_LIMIT = 256
PASS_LIMIT = 4096
"""Records in memory at once, some megabytes, however many an outage left in the spool."""
SCANS_LIMIT = 1000
"""Scans named by one message: Kafka refuses what is larger than 1 MB, and an import of years is one association."""
AGAIN_SECONDS, LONGEST_AGAIN_SECONDS = 60.0, 3600.0
"""When a record is tried again whose transaction took too long although it stood alone; twice as long each time."""
CUT = 16
BUSY = 10
GATHER_SECONDS = 0.25
"""After so many records within a second more are to come: a while later they go together, as cheaply as one alone."""
PAUSE_SECONDS = 1.0
"""How often an outage is tried again, and how late a bell that was missed is noticed."""


class Forwarder:
    """Hands over what the spool holds, in order; a record goes only when rows and messages are durable."""

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        archive: Archive,
        connect: Callable[[], Connection],
        publisher: Publisher,
        pseudonyms: Callable[[Connection], Pseudonyms],
        headers: HeaderReader,
    ) -> None:
        self._told = Reread([settings.peers], partial(_told, settings))
        self._required = settings.series_required()
        self._spool = spool
        self._archive = archive
        self._connect = connect
        self._publisher = publisher
        self._make_pseudonyms = pseudonyms
        self._headers = headers
        self._pseudonyms: Pseudonyms | None = None
        self._connection: Connection | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._waiting = False
        self._size = BATCH_LIMIT
        self._recent, self._recent_at = 0.0, time.monotonic()
        self._failed = ""
        self._slow: dict[str, tuple[float, float]] = {}

    def ring(self) -> None:
        """Something was kept."""
        self._wake.set()

    def stop(self) -> None:
        """Let `run` return after the batch in hand."""
        self._stop.set()
        self._wake.set()

    def run(self) -> None:
        """Hand over until stopped; waits out outages of Postgres and Kafka. Raises CannotStart (key missing)."""
        while not self._stop.is_set():
            self._wake.wait(PAUSE_SECONDS)
            self._wake.clear()
            try:
                busy = self._are_many(self.hand_over())
                self._waiting = False
                self._stop.wait(GATHER_SECONDS if busy else 0.0)
            except (*Outage, PublishFailed) as error:
                self._give_up(error)

    def _are_many(self, handled: int) -> bool:
        """Whether more are to come: of those before, each counts less the longer ago it was."""
        now = time.monotonic()
        self._recent, self._recent_at = handled + self._recent * math.exp(self._recent_at - now), now
        return self._recent >= BUSY

    def hand_over(self) -> int:
        """Hand over the oldest records there are now; how many. Raises psycopg's outage errors and PublishFailed."""
        waiting = self._spool.records(PASS_LIMIT)
        if len(waiting) == PASS_LIMIT:
            self._wake.set()
        handled = 0
        for _, records in groupby(waiting, type):
            for batch in _batches(self._due(records, waiting), self._size):
                if self._stop.is_set():
                    return 0
                try:
                    self._hand_over(batch)
                except Outage:
                    if self._connection is not None:
                        self._note_failure(batch)
                    raise
                handled += len(batch)
        self._size = min(2 * self._size, BATCH_LIMIT)
        return handled

    def _due(self, records: Iterable[Record], waiting: Sequence[Record]) -> list[Record]:
        """Those of `records` whose turn it is: an association ends after all of its files are read."""
        now, late = time.monotonic(), self._headers.late()
        held = _associations(waiting, late) if late else set()
        return [
            record
            for record in records
            if self._slow.get(record.name, (0.0, 0.0))[0] <= now
            and record.name not in late
            and not (isinstance(record, AssociationEndRecord) and record.association in held)
        ]

    def _hand_over(self, batch: Sequence[Record]) -> None:
        done, bells = self._accepted(batch)
        for topic, key, fields in bells:
            self._publisher.publish(topic, key, fields)
        self._publisher.flush()
        reach("forwarder.announced")
        for record in done:
            self._spool.clear(record)
            self._slow.pop(record.name, None)
            self._headers.forget(record.name)
            reach("forwarder.record_cleared")

    def _note_failure(self, batch: Sequence[Record]) -> None:
        """What fails twice on a connection that was there is no outage: one of these takes longer than is allowed.

        The next batches are smaller; who stands alone waits, and the others go on. It may be a lock as well, or the
        database's load: nothing is set aside for it.
        """
        first = batch[0].name
        again, self._failed = self._failed == first, first
        if not again:
            return
        self._failed = ""
        self._size = max(1, len(batch) // CUT)
        if len(batch) == 1:
            pause = min(2 * self._slow.get(first, (0.0, AGAIN_SECONDS / 2))[1], LONGEST_AGAIN_SECONDS)
            self._slow[first] = time.monotonic() + pause, pause
            logs.event("record_takes_too_long", logging.WARNING, again_in_seconds=pause)

    def _accepted(self, batch: Sequence[Record]) -> tuple[Sequence[Record], list[BellMessage]]:
        """Archive the files of a batch of one kind and write its rows; whose, and what is to be announced then.

        Files that take long to read are not among them: their turn comes once they are read.
        """
        connection, pseudonyms = self._connected()
        ends = [record for record in batch if isinstance(record, AssociationEndRecord)]
        if ends:
            return ends, self._ends(connection, pseudonyms, ends)
        instances = [record for record in batch if isinstance(record, InstanceRecord)]
        paths = self._archive.take_all([(self._spool.file(record), record.sha256) for record in instances])
        headers = self._read(zip(instances, paths, strict=True))
        done = [(record, header) for record, header in zip(instances, headers, strict=True) if header is not None]
        return [record for record, _ in done], self._instances(connection, pseudonyms, done) if done else []

    def _instances(
        self, connection: Connection, pseudonyms: Pseudonyms, read: Sequence[tuple[InstanceRecord, ReadHeader]]
    ) -> list[BellMessage]:
        files = [self._received(record, header, pseudonyms) for record, header in read]
        reach("forwarder.archived")
        bells = accept(connection, files)
        moved_to = move_to_named(connection, sorted({bell.scan_uid for bell in bells}))
        return [*(("instances", bell.received_as, self._fields(bell)) for bell in bells), *map(patient_bell, moved_to)]

    def _ends(
        self, connection: Connection, pseudonyms: Pseudonyms, records: Sequence[AssociationEndRecord]
    ) -> list[BellMessage]:
        bells: list[BellMessage] = []
        for record in records:
            uids = [pseudonyms.scan_uid(uid) for uid in record.study_uids]
            groups = close_association(connection, record.association, record.closed_at, uids)
            bells += [
                ("instances", received_as, {"scan_uids": scans[start : start + SCANS_LIMIT]})
                for received_as, scans in groups.items()
                for start in range(0, len(scans), SCANS_LIMIT)
            ]
        return bells

    def _read(self, files: Iterable[tuple[InstanceRecord, Path]]) -> list[ReadHeader | None]:
        """Their headers; None where one takes so long that it is read beside the others."""
        issuer = self._told.value()[0].issuer
        asked = [(one.name, HeaderRequest(str(path), issuer, one.arrival.calling_ae)) for one, path in files]
        return self._headers.read(asked, self.ring)

    def _received(self, record: InstanceRecord, read: ReadHeader, pseudonyms: Pseudonyms) -> ReceivedFile:
        arrival, (settings, peers) = record.arrival, self._told.value()
        is_known = arrival.calling_ae in peers or settings.names_issuer_for(arrival.calling_ae)
        return ReceivedFile(
            receipt_id=record.receipt_id,
            association_id=arrival.association,
            calling_ae=arrival.calling_ae,
            peer=arrival.peer,
            sha256=record.sha256,
            content_sha256=arrival.content_sha256,
            received_at=arrival.received_at,
            what=describe_read(read, pseudonyms, self._required),
            pseudonym=None if is_known else pseudonyms.sender(arrival.calling_ae),
            names_sender=read.names_sender,
        )

    def _fields(self, bell: InstanceBell) -> dict[str, str]:
        fields = {name: getattr(bell, name) for name in ("scan_uid", "instance_uid", "sha256")}
        return {**fields, "uri": self._archive.uri(bell.sha256)}

    def _connected(self) -> tuple[Connection, Pseudonyms]:
        if self._connection is None or self._connection.closed:
            self._connection = None
            self._connection = self._connect()
        if self._pseudonyms is None:
            self._pseudonyms = self._make_pseudonyms(self._connection)
        return self._connection, self._pseudonyms

    def _give_up(self, error: Exception) -> None:
        """Told once per outage; the spool keeps everything meanwhile."""
        if not self._waiting:
            away = "kafka_away" if isinstance(error, PublishFailed) else "postgres_away"
            logs.event(away, level=logging.WARNING, error=type(error.__cause__ or error).__name__)
        self._waiting = True
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._stop.wait(PAUSE_SECONDS)
        self._wake.set()


def _told(settings: Settings) -> tuple[Settings, Peers]:
    peers = read_peers(settings.peers)
    return with_issuers(settings, peers), peers or {}


def _associations(records: Iterable[Record], names: Container[str]) -> set[str]:
    """Those that brought the files of `names`."""
    return {each.arrival.association for each in records if isinstance(each, InstanceRecord) and each.name in names}


def _batches(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    iterator = iter(records)
    return iter(lambda: list(islice(iterator, size)), [])
