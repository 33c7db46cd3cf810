"""Facts that people and other systems know of a patient: treatments, clinical facts, outcomes, earlier visits."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stream.services.measuring.measurement import Measured, feature_rows, measurement_rows
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.locks import lock_fact
from stream.timeline.digest import digest


@dataclass(frozen=True)
class Treatment:
    """A treatment of a patient; `by_day`: its dates are days, so it stands at the end of the first one."""

    received_as: str
    name: str
    kind: str
    start_at: dt.datetime
    end_at: dt.datetime | None
    by_day: bool = True
    withdrawn: bool = False

    @property
    def treatment_id(self) -> str:
        """H(received_as, start, name, kind): entered again, it is the same treatment."""
        return digest(self.received_as, self.start_at, self.name, self.kind).hex()[:32]

    @property
    def at(self) -> dt.datetime:
        """Where it stands on the timeline."""
        return self.start_at + dt.timedelta(days=1, microseconds=-1) if self.by_day else self.start_at


@dataclass(frozen=True)
class Outcome:
    """What really happened to a patient; `at` None: the day is not known."""

    received_as: str
    endpoint: str
    at: dt.datetime | None
    event: bool
    withdrawn: bool = False


@dataclass(frozen=True)
class Visit:
    """An earlier visit that is imported: a scan of its own, final at once."""

    scan_uid: str
    received_as: str
    acquired_at: dt.datetime
    disease: str
    measured: Measured


def accept_treatments(connection: Connection, treatments: Iterable[Treatment], now: dt.datetime) -> set[str]:
    """Append what is new or changed (revision + 1); returns the patients it is about."""
    changed = set()
    for one in treatments:
        values = {"end_at": one.end_at, "withdrawn": one.withdrawn}
        row = {
            "received_as": one.received_as, "name": one.name, "kind": one.kind, "start_at": one.start_at, "at": one.at,
            "accepted_at": now, **values,
        }  # fmt: skip
        if _append_if_changed(connection, schema.treatments, {"treatment_id": one.treatment_id}, row, values):
            changed.add(one.received_as)
    return changed


def accept_clinical(
    connection: Connection, patients: Iterable[tuple[str, Mapping[str, Any]]], now: dt.datetime
) -> set[str]:
    """Append clinical facts that are new or changed; returns the patients they are about."""
    changed = set()
    for received_as, facts in patients:
        values = {"facts": dict(facts)}
        row = {"accepted_at": now, **values}
        if _append_if_changed(connection, schema.clinical, {"received_as": received_as}, row, values):
            changed.add(received_as)
    return changed


def accept_outcomes(connection: Connection, outcomes: Iterable[Outcome], now: dt.datetime) -> set[str]:
    """Append outcomes that are new or changed (they are for calibration only); returns the patients they are about."""
    changed = set()
    for one in outcomes:
        values = {"at": one.at, "event": one.event, "withdrawn": one.withdrawn}
        row = {"received_as": one.received_as, "endpoint": one.endpoint, "accepted_at": now, **values}
        key = {"outcome_id": digest(one.received_as, one.endpoint).hex()[:32]}
        if _append_if_changed(connection, schema.outcomes, key, row, values):
            changed.add(one.received_as)
    return changed


def accept_visits(connection: Connection, visits: Iterable[Visit], now: dt.datetime) -> list[tuple[str, int]]:
    """Append imported visits as scans, final at once; returns those that now wait for their timeline.

    A visit imported again with the same values changes nothing, with others it is a new revision.
    """
    waiting = []
    for visit in visits:
        append(connection, schema.scans, [{"scan_uid": visit.scan_uid, "received_as": visit.received_as}])
        content = [[one.measurement, one.value, one.lesion_uid] for one in visit.measured.measurements]
        content += [list(visit.measured.embedding)] if visit.measured.embedding else []
        values = {"acquired_at": visit.acquired_at, "instances_sha256": digest(content).hex()}
        row = {**values, "completeness": "import", "accepted_at": now, "final_at": now}
        key = {"scan_uid": visit.scan_uid}
        if revision := _append_if_changed(connection, schema.revisions, key, row, values):
            append(connection, schema.measurements, measurement_rows(visit.scan_uid, revision, visit.measured))
            features = feature_rows(visit.scan_uid, revision, visit.measured, visit.disease)
            append(connection, schema.features, features)
            append(connection, schema.assembly, [{"scan_uid": visit.scan_uid, "revision": revision,
                   "status": "waiting", "completeness": "import", "changed_at": now}])  # fmt: skip
            waiting.append((visit.scan_uid, revision))
    return waiting


def _append_if_changed(
    connection: Connection,
    table: Any,
    key: Mapping[str, str],
    row: Mapping[str, Any],
    values: Mapping[str, Any],
) -> int | None:
    """Append `row` as the next revision of `key` unless the highest one has the same `values`; the revision or None."""
    (name, value), columns = next(iter(key.items())), list(values)
    lock_fact(connection, f"{table.name}/{value}")
    query = f"SELECT revision, {', '.join(columns)} FROM core.{table.name} WHERE {name} = %s ORDER BY 1 DESC LIMIT 1"
    found = connection.execute(query, [value]).fetchone()
    if found and list(found[1:]) == [values[column] for column in columns]:
        return None
    revision = found[0] + 1 if found else 1
    append(connection, table, [{**key, "revision": revision, **row}])
    return revision
