"""From spool to database and Kafka: archive the file, write its rows, announce it, then clear the record."""

import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, islice
from pathlib import Path

from pydicom import Dataset

from stream import logs
from stream.archive.originals import Archive
from stream.crash import reach
from stream.dicom.gateway.peers import read_peers, with_issuers
from stream.dicom.gateway.reread import Reread
from stream.dicom.gateway.spool import AssociationEndRecord, InstanceRecord, Record, Spool
from stream.dicom.pseudonyms import Pseudonyms
from stream.dicom.reading.files import read_dataset, reading
from stream.dicom.reading.header import Header, patient_identity, read_header, text
from stream.errors import SetAside
from stream.publisher import Publisher, PublishFailed
from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile, UnusableFile
from stream.services.accepting.received_files import InstanceBell, accept, close_association
from stream.services.facts.bells import BellMessage, patient_bell
from stream.services.facts.identity_events import move_to_named
from stream.settings import Settings
from stream.storage.database import Connection, Outage

MODALITY = re.compile(r"[A-Z0-9_ ]{1,16}")
"""A code string (PS3.5 6.2); what is none may be free text, which does not leave the vault."""
MOST_ANNOUNCED = 1_000_000
"""A study announced as larger than this is a slip of the sender's."""
BATCH_LIMIT = 256
PASS_LIMIT = 4096
"""Records in memory at once, some megabytes, however many an outage left in the spool."""
SCANS_LIMIT = 1000
"""Scans named by one message: Kafka refuses what is larger than 1 MB, and an import of years is one association."""
BUSY = 8
GATHER_SECONDS = 0.25
"""After so many records at once there are more to come: a while later they are handed over together, which costs the
database, Kafka and the workers as little as one of them alone does."""
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
    ) -> None:
        self._settings = Reread([settings.peers], lambda: with_issuers(settings, read_peers(settings.peers)))
        self._required = settings.series_required()
        self._spool = spool
        self._archive = archive
        self._connect = connect
        self._publisher = publisher
        self._make_pseudonyms = pseudonyms
        self._pseudonyms: Pseudonyms | None = None
        self._connection: Connection | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._waiting = False

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
                busy = self.hand_over() >= BUSY
                self._waiting = False
                self._stop.wait(GATHER_SECONDS if busy else 0.0)
            except (*Outage, PublishFailed) as error:
                self._give_up(error)

    def hand_over(self) -> int:
        """Hand over the oldest records there are now; how many. Raises psycopg's outage errors and PublishFailed."""
        waiting = self._spool.records(PASS_LIMIT)
        if len(waiting) == PASS_LIMIT:
            self._wake.set()
        for _, records in groupby(waiting, type):
            for batch in _batches(records):
                if self._stop.is_set():
                    return 0
                for topic, key, fields in self._accepted(batch):
                    self._publisher.publish(topic, key, fields)
                self._publisher.flush()
                reach("forwarder.announced")
                for record in batch:
                    self._spool.clear(record)
                    reach("forwarder.record_cleared")
        return len(waiting)

    def _accepted(self, batch: Sequence[Record]) -> list[BellMessage]:
        """Archive the files of a batch of one kind and write its rows; what is to be announced then."""
        connection, pseudonyms = self._connected()
        ends = [record for record in batch if isinstance(record, AssociationEndRecord)]
        if ends:
            return self._ends(connection, pseudonyms, ends)
        instances = [record for record in batch if isinstance(record, InstanceRecord)]
        return self._instances(connection, pseudonyms, instances)

    def _instances(
        self, connection: Connection, pseudonyms: Pseudonyms, records: Sequence[InstanceRecord]
    ) -> list[BellMessage]:
        paths = self._archive.take_all([self._spool.file(record) for record in records])
        files = [self._received(record, path, pseudonyms) for record, path in zip(records, paths, strict=True)]
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

    def _received(self, record: InstanceRecord, path: Path, pseudonyms: Pseudonyms) -> ReceivedFile:
        arrival = record.arrival
        return ReceivedFile(
            receipt_id=record.name.removesuffix(".json"),
            association_id=arrival.association,
            calling_ae=arrival.calling_ae,
            peer=arrival.peer,
            sha256=record.sha256,
            content_sha256=arrival.content_sha256,
            received_at=arrival.received_at,
            what=self._described(path, arrival.calling_ae, pseudonyms),
        )

    def _described(self, path: Path, calling_ae: str, pseudonyms: Pseudonyms) -> DescribedInstance | UnusableFile:
        dataset = None
        try:
            dataset = read_dataset(path)
            return describe(read_header(dataset, self._settings.value(), calling_ae), pseudonyms, self._required)
        except SetAside as error:
            scan, patient = (None, None) if dataset is None else self._named(dataset, calling_ae, pseudonyms)
            return UnusableFile(error.reason_code, error.reason, scan, patient)

    def _named(self, dataset: Dataset, calling_ae: str, pseudonyms: Pseudonyms) -> tuple[str | None, str | None]:
        """Scan and patient that a file names whose header cannot be used, each where it can be read."""
        study_uid, patient_id = text(dataset, "StudyInstanceUID"), None
        with suppress(SetAside), reading("header"):
            who = patient_identity(dataset, self._settings.value(), calling_ae)
            patient_id = pseudonyms.patient_id(who.issuer, who.mrn)
        return pseudonyms.scan_uid(study_uid) if study_uid else None, patient_id

    def _fields(self, bell: InstanceBell) -> dict[str, str]:
        names = ("scan_uid", "instance_uid", "sha256")
        return {**{name: getattr(bell, name) for name in names}, "uri": self._archive.uri(bell.sha256)}

    def _connected(self) -> tuple[Connection, Pseudonyms]:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        if self._pseudonyms is None:
            self._pseudonyms = self._make_pseudonyms(self._connection)
        return self._connection, self._pseudonyms

    def _give_up(self, error: Exception) -> None:
        """Told once per outage; the spool keeps everything meanwhile."""
        if not self._waiting:
            away = "kafka_away" if isinstance(error, PublishFailed) else "postgres_away"
            logs.event(away, level=logging.WARNING, error=type(error).__name__)
        self._waiting = True
        if self._connection is not None:
            self._connection.close()
        self._stop.wait(PAUSE_SECONDS)
        self._wake.set()


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(records)
    while batch := list(islice(iterator, BATCH_LIMIT)):
        yield batch


def describe(header: Header, pseudonyms: Pseudonyms, required_series: Mapping[str, str]) -> DescribedInstance:
    """`header` by its pseudonyms; a series' description only where it is one of `required_series` (by casefolded form).

    Free text does not leave the vault.
    """
    who, expected, retraction = header.patient, header.expected, header.retraction
    vault = {
        "issuer": who.issuer,
        "mrn": who.mrn,
        "name": who.name or None,
        "study_instance_uid": header.study_uid,
        "birth_date": who.birth_date.isoformat() if who.birth_date else None,
        "sex": who.sex or None,
    }
    return DescribedInstance(
        instance_uid=pseudonyms.instance_uid(header.sop_instance_uid),
        scan_uid=pseudonyms.scan_uid(header.study_uid),
        patient_id=pseudonyms.patient_id(who.issuer, who.mrn),
        modality=header.modality if MODALITY.fullmatch(header.modality) else "OT",
        kind=header.kind,
        acquired_at=header.acquired_at,
        referenced=tuple(map(pseudonyms.instance_uid, header.references)),
        expected_instances=_announced(expected.study_instances),
        vault={name: _storable(text) if text else text for name, text in vault.items()},
        series_uid=pseudonyms.series_uid(header.series_uid) if header.series_uid else None,
        series_description=required_series.get(header.series_description.casefold()),
        expected_series=_announced(expected.study_series),
        expected_in_series=_announced(expected.series_instances),
        withdraws=tuple(map(pseudonyms.instance_uid, retraction.uids)) if retraction else (),
        withdraws_because=retraction.because if retraction else None,
        issuer_source=who.issuer_source,
    )


def _announced(number: int | None) -> int | None:
    return number if number and number <= MOST_ANNOUNCED else None


def _storable(text: str) -> str:
    """As Postgres can hold it: without NUL and without halves of characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
