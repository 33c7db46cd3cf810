"""Timepoints that wait for their step: facts of many patients as rows, and the bells that announce them."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from models.measurement import Measurement
from stream.endpoints import KAFKA_ADMIN, kafka_login
from stream.measured_scan import MeasuredScan
from stream.publisher import Publisher
from stream.services.measuring.measurement import feature_rows, finding_rows
from stream.settings import Settings
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import connect

VISIT = dt.timedelta(days=42)
FIRST_VISIT = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
AHEAD = dt.timedelta(hours=1)
"""The sweep rings again for what has waited for seconds: what waits from an hour ahead it leaves to the bells."""


@dataclass(frozen=True)
class WaitingScan:
    """A revision whose features are known and which no fold has seen."""

    patient_id: str
    scan_uid: str


def lay_down(settings: Settings, group: str, patients: int, visit: int) -> list[WaitingScan]:
    """Facts of the scan number `visit` (0, 1, …) of `patients` lung cancer patients named after `group`."""
    scans = [WaitingScan(f"P{group}{number:06}", f"2.25.{group}.{number}.{visit}") for number in range(patients)]
    now = dt.datetime.now(dt.UTC)
    with connect(settings, "worker") as connection, connection.transaction():
        append(connection, schema.scans, [{"scan_uid": one.scan_uid, "received_as": one.patient_id} for one in scans])
        append(connection, schema.revisions, [_revision(one, visit, now) for one in scans])
        append(connection, schema.assembly, [_assembly(one, now) for one in scans])
        found = [(one.scan_uid, 1, _measured(one, visit)) for one in scans]
        append(connection, schema.findings, [row for each in found for row in finding_rows(*each)])
        append(connection, schema.features, [row for each in found for row in feature_rows(*each, "lung")])
    return scans


def ring(settings: Settings, topic: str, scans: Sequence[WaitingScan]) -> None:
    """Announce `scans` on `topic` as the agent `measure` would."""
    publisher = Publisher(kafka_login(settings, KAFKA_ADMIN), settings.partitions)
    for one in scans:
        publisher.publish(topic, one.patient_id, {"scan_uid": one.scan_uid, "revision": 1})
    publisher.flush()
    publisher.close()


def _revision(scan: WaitingScan, visit: int, now: dt.datetime) -> dict[str, object]:
    return {
        "scan_uid": scan.scan_uid,
        "revision": 1,
        "acquired_at": FIRST_VISIT + visit * VISIT,
        "instances_sha256": hashlib.sha256(scan.scan_uid.encode()).hexdigest(),
        "completeness": "single_sr",
        "accepted_at": now,
        "final_at": now,
        "later_sha256": None,
    }


def _assembly(scan: WaitingScan, now: dt.datetime) -> dict[str, object]:
    return {
        "scan_uid": scan.scan_uid,
        "revision": 1,
        "status": "waiting",
        "completeness": "single_sr",
        "changed_at": now + AHEAD,
    }


def _measured(scan: WaitingScan, visit: int) -> MeasuredScan:
    """A lesion that grows too little for a progression: all of its risks stand."""
    diameter_mm = 20.0 + int(scan.scan_uid.split(".")[3]) % 30 + 0.1 * visit
    lesion = Measurement("longest_diameter", diameter_mm, "SR", lesion_uid=f"lesion-{scan.patient_id}")
    return MeasuredScan((lesion,), None, None)
