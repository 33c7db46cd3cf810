"""What becomes of a received file: accepted, duplicate or set aside, decided against what the database knows."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stream import logs
from stream.crash import reach
from stream.services.accepting.set_asides import item_id, set_aside_row
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.timelines import roots
from stream.storage.vault import keep_patients


@dataclass(frozen=True)
class Described:
    """An instance by its pseudonyms; `vault` alone holds originals (issuer, mrn, name, birth_date, study uid).

    `withdraws`: pseudonyms of the instances that it takes back, `withdraws_because` why.
    """

    instance_uid: str
    scan_uid: str
    patient_id: str
    modality: str
    kind: str
    acquired_at: dt.datetime
    referenced: tuple[str, ...]
    expected_instances: int | None
    vault: Mapping[str, str | None]
    series_uid: str | None = None
    series_description: str | None = None
    expected_series: int | None = None
    expected_in_series: int | None = None
    withdraws: tuple[str, ...] = ()
    withdraws_because: str | None = None


@dataclass(frozen=True)
class Unusable:
    """A file that was kept and cannot be placed: why, and its scan where the file names one."""

    reason_code: str
    reason: str
    scan_uid: str | None = None


@dataclass(frozen=True)
class Received:
    """A file the sender was told success for."""

    receipt_id: str
    association_id: str
    calling_ae: str
    peer: str
    sha256: str
    content_sha256: str
    received_at: dt.datetime
    what: Described | Unusable


@dataclass(frozen=True)
class Bell:
    """An accepted instance to announce on the `instances` topic."""

    scan_uid: str
    instance_uid: str
    sha256: str
    received_as: str


def accept(connection: Connection, files: Sequence[Received]) -> list[Bell]:
    """Write rows for `files` in one transaction; the same receipts again change nothing. Returns what to announce."""
    with connection.transaction():
        known = _Known(connection, files)
        reach("forwarding.scans_written")
        outcomes = [(file, known.decide(file)) for file in files]
        _write(connection, outcomes, known)
        reach("forwarding.receipts_written")
    reach("forwarding.committed")
    for file, outcome in outcomes:
        _log(file, outcome)
    return [_bell(file) for file, outcome in outcomes if outcome in ("accepted", "again")]


def accept_released(connection: Connection, file: Received) -> Unusable | None:
    """Accept a file that was set aside, in the caller's transaction; what is in the way, where something is."""
    known = _Known(connection, [file])
    if problem := known.conflict(file.content_sha256, file.what):
        return problem
    _write(connection, [(file, "accepted")], known)
    connection.execute(
        """UPDATE core.receipts SET outcome = 'accepted', scan_uid = %s
        WHERE content_sha256 = %s AND outcome = 'set_aside'""",
        [file.what.scan_uid, file.content_sha256],
    )
    return None


def close_association(
    connection: Connection, association_id: str, closed_at: dt.datetime, scan_uids: Iterable[str]
) -> dict[str, list[str]]:
    """Note that an association ended; returns received_as → its scans, to ring the bell for each."""
    connection.execute(
        "UPDATE core.associations SET closed_at = %s WHERE association_id = %s AND closed_at IS NULL",
        [closed_at, association_id],
    )
    reach("forwarding.end_noted")
    groups: dict[str, list[str]] = {}
    rows = connection.execute(
        "SELECT received_as, scan_uid FROM core.scans WHERE scan_uid = ANY(%s)", [list(scan_uids)]
    )
    for received_as, scan_uid in rows:
        groups.setdefault(received_as, []).append(scan_uid)
    return groups


class _Known:
    """What the database knows of a batch, kept up to date while its files are decided in order."""

    def __init__(self, connection: Connection, files: Sequence[Received]) -> None:
        described = [file.what for file in files if isinstance(file.what, Described)]
        first = {one.scan_uid: one.patient_id for one in reversed(described)}
        scans = sorted(first.items())
        append(connection, schema.scans, [{"scan_uid": uid, "received_as": patient} for uid, patient in scans])
        self.received_as = _pairs(connection, "SELECT scan_uid, received_as FROM core.scans WHERE scan_uid = ANY(%s) "
                                  "ORDER BY scan_uid FOR UPDATE", [uid for uid, _ in scans])  # fmt: skip
        self.contents = _pairs(connection, "SELECT instance_uid, content_sha256 FROM core.instances "
                               "WHERE instance_uid = ANY(%s)", [one.instance_uid for one in described])  # fmt: skip
        self.outcomes = _pairs(connection, "SELECT receipt_id, outcome FROM core.receipts WHERE receipt_id = ANY(%s)",
                               [file.receipt_id for file in files])  # fmt: skip
        self.aside = _pairs(connection, "SELECT item_id, reason_code FROM core.set_asides WHERE item_id = ANY(%s)",
                            [item_id(file.content_sha256) for file in files])  # fmt: skip
        self.owners = _owners(connection, [uid for one in described for uid in one.withdraws])
        self.roots = roots(connection, [one.patient_id for one in described])
        self.problems: dict[str, Unusable] = {}

    def decide(self, file: Received) -> str:
        """accepted, duplicate, set_aside, or `again` for a receipt that was handled before a crash."""
        if outcome := self.outcomes.get(file.receipt_id):
            return "again" if outcome == "accepted" else "handled"
        if item_id(file.content_sha256) in self.aside:
            return "duplicate"
        problem = file.what if isinstance(file.what, Unusable) else self.conflict(file.content_sha256, file.what)
        if problem is not None:
            self.problems[file.receipt_id] = problem
            self.aside[item_id(file.content_sha256)] = problem.reason_code
            return "set_aside"
        seen = self.contents.get(file.what.instance_uid)
        self.contents[file.what.instance_uid] = file.content_sha256
        self.owners.setdefault(file.what.instance_uid, {self.roots[file.what.patient_id]})
        return "accepted" if seen is None else "duplicate"

    def conflict(self, content_sha256: str, what: Described) -> Unusable | None:
        """The first accepted stands; the later file alone is set aside until a person decides."""
        if self.contents.get(what.instance_uid, content_sha256) != content_sha256:
            return Unusable("content_conflict", "An instance with the same SOP Instance UID but other content stands.")
        if self.received_as[what.scan_uid] != what.patient_id:
            return Unusable("patient_conflict", "The study was received for another patient before.")
        own = self.roots[what.patient_id]
        if any(own not in self.owners.get(uid, {own}) for uid in what.withdraws):
            return Unusable("patient_conflict", "It takes back instances of another patient.")
        return None


def _write(connection: Connection, outcomes: Sequence[tuple[Received, str]], known: _Known) -> None:
    new = [(file, outcome) for file, outcome in outcomes if outcome not in ("again", "handled")]
    associations = {file.association_id: file for file, _ in new}.values()
    append(connection, schema.associations, [
        {"association_id": file.association_id, "calling_ae": file.calling_ae, "peer": file.peer}
        for file in associations])  # fmt: skip
    accepted = [file for file, outcome in new if outcome == "accepted"]
    keep_patients(connection, [_vault_patient(file.what) for file in accepted if file.what.vault["mrn"]])
    append(connection, schema.vault_scans, [
        {"scan_uid": file.what.scan_uid, "study_instance_uid": file.what.vault["study_instance_uid"]}
        for file in accepted])  # fmt: skip
    reach("forwarding.vault_written")
    append(connection, schema.instances, [_instance(file, file.what) for file in accepted])
    append(
        connection,
        schema.set_asides,
        [_set_aside(file, known.problems[file.receipt_id]) for file, outcome in new if outcome == "set_aside"],
    )
    append(connection, schema.receipts, [_receipt(file, outcome) for file, outcome in new])


def _owners(connection: Connection, instance_uids: Sequence[str]) -> dict[str, set[str]]:
    """instance_uid → the patient it was received for, and the one it belongs to now, by their timelines."""
    if not instance_uids:
        return {}
    rows = connection.execute(
        """SELECT i.instance_uid, core.root(s.received_as), core.root(coalesce(a.patient_id, s.received_as))
        FROM core.instances i JOIN core.scans s USING (scan_uid) LEFT JOIN core.assignments a USING (scan_uid)
        WHERE i.instance_uid = ANY(%s)""",
        [list(instance_uids)],
    )
    return {uid: set(owners) for uid, *owners in rows}


def _pairs(connection: Connection, query: str, keys: Sequence[str]) -> dict[str, str]:
    return dict(connection.execute(query, [list(keys)]).fetchall()) if keys else {}


def _vault_patient(what: Described) -> dict[str, Any]:
    columns = ("issuer", "mrn", "name", "birth_date")
    return {"patient_id": what.patient_id, **{name: what.vault[name] for name in columns}}


def _instance(file: Received, what: Described) -> dict[str, Any]:
    return {
        "instance_uid": what.instance_uid, "scan_uid": what.scan_uid, "sha256": file.sha256,
        "content_sha256": file.content_sha256, "modality": what.modality, "kind": what.kind,
        "acquired_at": what.acquired_at, "referenced": list(what.referenced),
        "expected_instances": what.expected_instances, "accepted_at": file.received_at,
        "series_uid": what.series_uid, "series_description": what.series_description,
        "expected_series": what.expected_series, "expected_in_series": what.expected_in_series,
        "withdraws": list(what.withdraws) or None, "withdraws_because": what.withdraws_because,
    }  # fmt: skip


def _set_aside(file: Received, problem: Unusable) -> dict[str, Any]:
    item = item_id(file.content_sha256)
    return set_aside_row(item, problem.reason_code, problem.reason, file.received_at,
                         scan_uid=file.what.scan_uid, sha256=file.sha256)  # fmt: skip


def _receipt(file: Received, outcome: str) -> dict[str, Any]:
    return {
        "receipt_id": file.receipt_id, "association_id": file.association_id, "sha256": file.sha256,
        "content_sha256": file.content_sha256, "outcome": outcome, "received_at": file.received_at,
        "scan_uid": file.what.scan_uid,
    }  # fmt: skip


def _bell(file: Received) -> Bell:
    return Bell(file.what.scan_uid, file.what.instance_uid, file.sha256, file.what.patient_id)


def _log(file: Received, outcome: str) -> None:
    if isinstance(file.what, Described):
        logs.event(f"instance_{outcome}", scan=file.what.scan_uid, instance=file.what.instance_uid)
    else:
        logs.event(f"instance_{outcome}", sha256=file.sha256, reason=file.what.reason_code)
