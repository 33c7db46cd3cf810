"""From a complete scan to what the models see: measured values, the disease they belong to, the features x_t."""

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.features import IMAGES, MEASUREMENTS, features, sum_of_diameters
from models.measurement import Measurement
from stream import logs
from stream.crash import reach
from stream.errors import SetAside
from stream.services.accepting.set_asides import revision_item, set_aside_row
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.timeline.digest import digest


@dataclass(frozen=True)
class Measured:
    """What the files of a scan say; `note` tells a person why there is nothing, where there is nothing.

    `embedding`: image features in the order of IMAGE_NAMES, None where one cannot be told; empty without an image.
    """

    measurements: tuple[Measurement, ...]
    disease_hint: str | None
    note: str | None
    embedding: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Complete:
    """A revision that waits to be measured: the sha256 of its files, and whom it was received for."""

    scan_uid: str
    revision: int
    received_as: str
    files: tuple[str, ...]
    clinical_disease: str | None


Measure = Callable[[Complete], Measured]
"""Reads the files of a scan; raises SetAside."""


def waiting(connection: Connection, revisions: Sequence[tuple[str, int]], status: str = "measuring") -> list[Complete]:
    """Those of `revisions` that are not measured yet, or have another `status`, in the order given."""
    rows = connection.execute(
        """SELECT w.scan_uid, w.revision, s.received_as,
          (SELECT array_agg(i.sha256 ORDER BY i.instance_uid) FROM core.revision_instances ri
            JOIN core.instances i USING (instance_uid) WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision),
          (SELECT c.facts ->> 'disease' FROM core.clinical c WHERE c.received_as = s.received_as
            ORDER BY c.revision DESC LIMIT 1)
        FROM unnest(%s::text[], %s::int[]) WITH ORDINALITY k(u, r, n)
        JOIN core.assembly w ON w.scan_uid = k.u AND w.revision = k.r JOIN core.scans s ON s.scan_uid = k.u
        WHERE w.status = %s ORDER BY k.n""",
        [[uid for uid, _ in revisions], [revision for _, revision in revisions], status],
    ).fetchall()
    return [Complete(*row[:3], tuple(row[3] or ()), row[4]) for row in rows]


def measure(
    connection: Connection, scans: Sequence[Complete], read: Measure, assume_disease: str, readers: Executor
) -> list[Complete]:
    """Measure `scans` and keep what was found in one transaction; returns those that now wait for their timeline."""
    results = list(readers.map(lambda scan: attempt(read, scan), scans))
    if results:
        reach("measurement.read")
    now = dt.datetime.now(dt.UTC)
    good = [(scan, found) for scan, found in zip(scans, results, strict=True) if isinstance(found, Measured)]
    aside = [(scan, found) for scan, found in zip(scans, results, strict=True) if isinstance(found, SetAside)]
    with connection.transaction():
        rows = [row for scan, found in good for row in measurement_rows(scan.scan_uid, scan.revision, found)]
        append(connection, schema.measurements, rows)
        if rows:
            reach("measurement.values_written")
        rows = [row for scan, found in good for row in features_of(scan, found, assume_disease)]
        append(connection, schema.features, rows)
        append(connection, schema.set_asides, [_set_aside(connection, scan, error, now) for scan, error in aside])
        _advance(connection, [(scan, "waiting", None, None) for scan, _ in good]
                 + [(scan, "set_aside", error.reason_code, error.reason) for scan, error in aside], now)  # fmt: skip
        if results:
            reach("measurement.advanced")
    if results:
        reach("measurement.committed")
    for scan, found in zip(scans, results, strict=True):
        _log(scan, found)
    return [scan for scan, _ in good]


def measurement_rows(scan_uid: str, revision: int, found: Measured) -> list[dict[str, Any]]:
    """Rows of the measured values of one scan revision."""
    return [
        {
            "scan_uid": scan_uid, "revision": revision, "feature_version": MEASUREMENTS, "number": number,
            "lesion_uid": one.lesion_uid, "lesion_label": one.lesion_label, "body_site": one.body_site,
            "measurement": one.measurement, "value": float(one.value), "unit": one.unit, "source": one.source,
        }
        for number, one in enumerate(with_sum(found.measurements), start=1)
    ]  # fmt: skip


def with_sum(measurements: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """`measurements` and, where lesions were measured and no sum was given, the sum of their diameters."""
    given = any(one.measurement == "sum_of_diameters" for one in measurements)
    total = None if given else sum_of_diameters(measurements)
    if total is None:
        return tuple(measurements)
    return (*measurements, Measurement("sum_of_diameters", total, measurements[0].source))


def feature_rows(scan_uid: str, revision: int, found: Measured, disease: str) -> list[dict[str, Any]]:
    """The features x_t of one scan revision by feature version, each with the hash that is the scan's content.

    Those of a lesion's image only where there is one.
    """
    x = [None if np.isnan(value) else float(value) for value in features(found.measurements)]
    versions = {MEASUREMENTS: x} | ({IMAGES: [*x, *found.embedding]} if found.embedding else {})
    return [
        {
            "scan_uid": scan_uid, "revision": revision, "feature_version": version, "disease": disease, "x": x,
            "sha256": content_sha256(version, disease, x), "note": found.note,
        }
        for version, x in versions.items()
    ]  # fmt: skip


def content_sha256(feature_version: str, disease: str, x: Sequence[float | None]) -> str:
    """Hash of what a model of a feature version sees of a scan."""
    return digest(feature_version, disease, list(x)).hex()


def attempt(read: Measure, scan: Complete) -> Measured | SetAside:
    """What `read` says of `scan`, or why it cannot be measured."""
    try:
        return read(scan)
    except SetAside as error:
        return error
    except (OSError, MemoryError):
        raise  # the machine's fault, not the file's: the process ends and tries again
    except Exception as error:  # whatever a file makes a reader raise must not hold up other patients
        return SetAside("decode_failed", f"The scan's files cannot be read ({type(error).__name__}).")


def features_of(scan: Complete, found: Measured, assume_disease: str) -> list[dict[str, Any]]:
    """The rows of what was `found`, of the disease that is known best."""
    disease = scan.clinical_disease or found.disease_hint or assume_disease or "unknown"
    return feature_rows(scan.scan_uid, scan.revision, found, disease)


def _set_aside(connection: Connection, scan: Complete, error: SetAside, now: dt.datetime) -> dict[str, Any]:
    item = revision_item(connection, scan.scan_uid, scan.revision)
    return set_aside_row(item, error.reason_code, error.reason, now, scan_uid=scan.scan_uid, revision=scan.revision)


def _advance(connection: Connection, changes: Sequence[tuple], now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """UPDATE core.assembly SET status = %s, reason_code = %s, reason = %s, changed_at = %s
            WHERE scan_uid = %s AND revision = %s AND status = 'measuring'""",
            [[status, code, reason, now, scan.scan_uid, scan.revision] for scan, status, code, reason in changes],
        )


def _log(scan: Complete, found: Measured | SetAside) -> None:
    if isinstance(found, SetAside):
        logs.event("scan_set_aside", scan=scan.scan_uid, revision=scan.revision, reason=found.reason_code)
    else:
        logs.event("scan_measured", scan=scan.scan_uid, revision=scan.revision, values=len(found.measurements))
