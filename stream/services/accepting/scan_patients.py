"""Whose scans are by what their files name, so that the order in which the files come decides nothing.

A file that does not state the issuer of its Patient ID is of whomever its study is of, if that one has the same ID.
"""

from collections import defaultdict
from collections.abc import Sequence, Set
from typing import Any

from stream.services.accepting.arrivals import DescribedInstance
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.intake.instances import lock_received_as
from stream.storage.patients.naming import NamedPatient, named_patients
from stream.storage.patients.vault import hospital_ids
from stream.vocabulary import IssuerSource


class ScanPatients:
    """Whom the scans of a batch were received for and whom their files name; locks the scans, makes those missing."""

    def __init__(self, connection: Connection, described: Sequence[DescribedInstance]) -> None:
        first = {what.scan_uid: what for what in reversed(described)}
        scans = [{"scan_uid": uid, "received_as": what.patient_id} for uid, what in sorted(first.items())]
        append(connection, schema.scans, scans)
        self.received_as = lock_received_as(connection, list(first))
        self._named: dict[str, set[NamedPatient]] = defaultdict(set)
        for named in named_patients(connection, list(first)):
            self._named[named.scan_uid].add(named)
        known = {each.patient_id for group in self._named.values() for each in group}
        self._hospital_ids = hospital_ids(connection, [*known, *self.received_as.values()])
        self._new: list[NamedPatient] = []
        for uid, what in first.items():  # a scan is received for whom the first file names, whatever becomes of that
            if not self._named[uid] and what.patient_id == self.received_as[uid]:
                self.name(what)

    def patient(self, scan_uid: str) -> str:
        """Whose the scan is by its files."""
        return self._best(scan_uid, self._named[scan_uid])

    def patient_with(self, what: DescribedInstance) -> str:
        """Whose the scan is once this file counts."""
        return self._best(what.scan_uid, self._named[what.scan_uid] | _named(what))

    def admits(self, what: DescribedInstance) -> bool:
        """Whether the file can be of the patient of its study: a second stated issuer, or another ID, is of another."""
        named = self._named[what.scan_uid]
        stated = {each.patient_id for each in named if each.issuer_source == IssuerSource.FILE}
        if what.issuer_source is IssuerSource.FILE and stated - {what.patient_id}:
            return False
        if what.patient_id in {self.received_as[what.scan_uid], *(each.patient_id for each in named)}:
            return True
        return {self._hospital_ids.get(each.patient_id) for each in named} - {None} == {what.vault["mrn"]}

    def name(self, what: DescribedInstance) -> None:
        """Take into account whom a file names that the scan admits."""
        if mrn := what.vault["mrn"]:
            self._hospital_ids.setdefault(what.patient_id, mrn)
        new = _named(what) - self._named[what.scan_uid]
        self._named[what.scan_uid] |= new
        self._new += new

    def rows(self) -> list[dict[str, Any]]:
        """Rows of what was named now and not before."""
        return [named._asdict() for named in self._new]

    def _best(self, scan_uid: str, named: Set[NamedPatient]) -> str:
        best = min(named, key=lambda each: (-each.issuer_source, each.patient_id), default=None)
        return best.patient_id if best else self.received_as[scan_uid]


def _named(what: DescribedInstance) -> set[NamedPatient]:
    """Whom the file names, if it was not said to be of whomever its study is of."""
    source = what.issuer_source
    return set() if source is None else {NamedPatient(what.scan_uid, what.patient_id, source)}
