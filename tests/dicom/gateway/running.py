"""A receiver as the gateway runs it, with what tests ask of it."""

import threading
from pathlib import Path

from pydicom import Dataset
from pynetdicom import AE

from stream.dicom.gateway.receiver import Receiver
from stream.dicom.gateway.sender import send
from stream.dicom.gateway.spool import AssociationEndRecord, InstanceRecord, Spool
from stream.settings import Settings


class Gateway:
    """A real receiver on a free port; `records(n)` waits until n records are kept."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.port = settings, settings.dicom_port
        self.spool = Spool(settings.spool)
        self.spool.open()
        self._changed = threading.Condition()
        self.receiver = Receiver(settings, self.spool, self._kept)
        self.receiver.start()

    def _kept(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def records(self, count: int) -> list[InstanceRecord | AssociationEndRecord]:
        with self._changed:
            self._changed.wait_for(lambda: len(self.spool.records()) >= count, timeout=20)
        found = self.spool.records()
        assert len(found) == count
        return found

    def stop(self) -> None:
        """Close the door."""
        self.receiver.stop()

    def store(self, *paths: Path) -> list[int | None]:
        """Statuses that the sender of this project hears."""
        return [sent.status for sent in send(paths, "127.0.0.1", self.port, "SCANSTREAM", "TEST")]

    def status(self, dataset: Dataset) -> int:
        """C-STORE status for a dataset from memory, however odd it is."""
        entity = AE("TEST")
        entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
        association = entity.associate("127.0.0.1", self.port)
        try:
            return association.send_c_store(dataset).Status
        finally:
            association.release()
