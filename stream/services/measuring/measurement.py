"""From a complete scan to what models and criteria see: measured values, findings, the disease, the features x_t."""

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from models.criteria.finding import as_json
from models.criteria.from_measurements import findings_from
from models.features import MEASUREMENTS, features, sum_of_diameters
from models.measurement import Measurement
from stream import logs
from stream.crash import reach
from stream.errors import SetAside, TakesLong
from stream.measured_scan import MeasuredScan
from stream.services.accepting.set_asides import revision_item, set_aside_row
from stream.services.measuring.encoded import embedding_rows, image_versions
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.intake.measurements import CompleteScan, MeasuringStep, complete_scans, end_measuring
from stream.timeline.digest import digest
from stream.vocabulary import ReasonCode, Status

Measure = Callable[[CompleteScan], MeasuredScan]
"""Reads the files of a scan; raises SetAside, and TakesLong where it is not to be read among others."""

Result = tuple[CompleteScan, MeasuredScan | SetAside]


def waiting(
    connection: Connection, revisions: Sequence[tuple[str, int]], status: Status = Status.MEASURING
) -> list[CompleteScan]:
    """Those of `revisions` that are not measured yet, or have another `status`, in the order given."""
    return complete_scans(connection, revisions, status)


def measure(
    connection: Connection, scans: Sequence[CompleteScan], read: Measure, assume_disease: str, readers: Executor
) -> list[CompleteScan]:
    """Measure `scans` and keep what was found in one transaction; returns those that now wait for their timeline.

    Those that take long stay as they are.
    """
    results = [result for result in readers.map(lambda scan: _result(read, scan), scans) if result]
    if results:
        reach("measurement.read")
    now = dt.datetime.now(dt.UTC)
    measured = [(scan, result) for scan, result in results if isinstance(result, MeasuredScan)]
    with connection.transaction():
        rows = [row for scan, result in measured for row in measurement_rows(scan.scan_uid, scan.revision, result)]
        append(connection, schema.measurements, rows)
        append(connection, schema.unused, [row for scan, result in measured for row in unused_rows(scan, result)])
        append(connection, schema.key_slices, [row for each in measured for row in key_slice_rows(*each)])
        append(connection, schema.slice_scores, [row for each in measured for row in presence_rows(*each)])
        append(connection, schema.outlinings, [row for each in measured for row in outlining_rows(*each)])
        append(connection, schema.lesion_maps, [row for each in measured for row in lesion_map_rows(*each)])
        append(connection, schema.scan_embeddings, [row for each in measured for row in embedding_rows(*each)])
        if rows:
            reach("measurement.values_written")
        rows = [row for scan, result in measured for row in finding_rows(scan.scan_uid, scan.revision, result)]
        append(connection, schema.findings, rows)
        rows = [row for scan, result in measured for row in features_of(scan, result, assume_disease)]
        append(connection, schema.features, rows)
        _set_aside(connection, results, now)
        end_measuring(connection, _steps(results), now)
        if results:
            reach("measurement.advanced")
    if results:
        reach("measurement.committed")
    for scan, result in results:
        _log(scan, result)
    return [scan for scan, _ in measured]


def measurement_rows(scan_uid: str, revision: int, measured: MeasuredScan) -> list[dict[str, Any]]:
    """Rows of the measured values of one scan revision."""
    return [
        {
            "scan_uid": scan_uid,
            "revision": revision,
            "feature_version": MEASUREMENTS,
            "number": number,
            "lesion_uid": measurement.lesion_uid,
            "lesion_label": measurement.lesion_label,
            "body_site": measurement.body_site,
            "measurement": measurement.measurement,
            "value": float(measurement.value),
            "unit": measurement.unit,
            "source": measurement.source,
        }
        for number, measurement in enumerate(with_sum(measured.measurements), start=1)
    ]


def unused_rows(scan: CompleteScan, measured: MeasuredScan) -> list[dict[str, Any]]:
    """Rows of what one scan revision holds and is not used, in an order that no arrival decides."""
    return [
        {"scan_uid": scan.scan_uid, "revision": scan.revision, "number": number, **unused._asdict()}
        for number, unused in enumerate(sorted(set(measured.unused)), start=1)
    ]


def finding_rows(scan_uid: str, revision: int, measured: MeasuredScan) -> list[dict[str, Any]]:
    """The row of what one scan revision says of lesions, if only by its values."""
    stated = [one.value for one in measured.measurements if one.measurement == "sum_of_diameters"]
    lesions = sorted(measured.findings or findings_from(measured.measurements), key=lambda finding: finding.lesion_uid)
    return [
        {
            "scan_uid": scan_uid,
            "revision": revision,
            "lesions": [as_json(finding) for finding in lesions],
            "stated_sum_mm": max(stated, default=None),
            "time_point": measured.time_point,
            "registrations": [[source, target, [*matrix]] for source, target, matrix in measured.registrations] or None,
        }
    ]


def key_slice_rows(scan: CompleteScan, measured: MeasuredScan) -> list[dict[str, Any]]:
    """Rows of the key slices of one scan revision, by lesion."""
    names = {"scan_uid": scan.scan_uid, "revision": scan.revision}
    return [{**names, **one._asdict()} for one in sorted(measured.key_slices)]


def presence_rows(scan: CompleteScan, measured: MeasuredScan) -> list[dict[str, Any]]:
    """The row of what a model says of the slices of one scan revision; none where it was not asked."""
    names = {"scan_uid": scan.scan_uid, "revision": scan.revision}
    said = measured.presence
    if said is None:
        return []
    gates = None if said.gates is None else [list(row) for row in said.gates]
    return [{**names, **said._asdict(), "slices": list(said.slices), "gates": gates}]


def outlining_rows(scan: CompleteScan, measured: MeasuredScan) -> list[dict[str, Any]]:
    """The row of what a model outlined in one scan revision; none where no model was asked."""
    if measured.outlining is None:
        return []
    return [{"scan_uid": scan.scan_uid, "revision": scan.revision, **measured.outlining._asdict()}]


def lesion_map_rows(scan: CompleteScan, measured: MeasuredScan) -> list[dict[str, Any]]:
    """Rows of the outlines of one scan revision, by lesion."""
    names = {"scan_uid": scan.scan_uid, "revision": scan.revision}
    return [{**names, **one._asdict()} for one in sorted(measured.maps)]


def with_sum(measurements: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """`measurements` and, where lesions were measured and no sum was given, the sum of their diameters."""
    given = any(measurement.measurement == "sum_of_diameters" for measurement in measurements)
    total = None if given else sum_of_diameters(measurements)
    if total is None:
        return tuple(measurements)
    return (*measurements, Measurement("sum_of_diameters", total, measurements[0].source))


def feature_rows(scan_uid: str, revision: int, measured: MeasuredScan, disease: str) -> list[dict[str, Any]]:
    """The features x_t of one scan revision by feature version, each with the hash that is the scan's content.

    Those of a lesion's image only where there is one.
    """
    x = [None if np.isnan(value) else float(value) for value in features(measured.measurements)]
    return [
        {
            "scan_uid": scan_uid,
            "revision": revision,
            "feature_version": version,
            "disease": disease,
            "x": x,
            "sha256": content_sha256(version, disease, x),
            "note": measured.note,
        }
        for version, x in {MEASUREMENTS: x, **image_versions(x, measured)}.items()
    ]


def content_sha256(feature_version: str, disease: str, x: Sequence[float | None]) -> str:
    """Hash of what a model of a feature version sees of a scan."""
    return digest(feature_version, disease, list(x)).hex()


def _result(read: Measure, scan: CompleteScan) -> Result | None:
    try:
        return scan, attempt(read, scan)
    except TakesLong:
        return None


def attempt(read: Measure, scan: CompleteScan) -> MeasuredScan | SetAside:
    """What `read` says of `scan`, or why it cannot be measured."""
    try:
        return read(scan)
    except SetAside as error:
        return error
    except (OSError, MemoryError, TakesLong):
        raise  # the machine's fault, not the file's: the process ends and tries again; or it is tried elsewhere
    except Exception as error:  # whatever a file makes a reader raise must not hold up other patients
        return SetAside(ReasonCode.DECODE_FAILED, f"The scan's files cannot be read ({type(error).__name__}).")


def features_of(scan: CompleteScan, measured: MeasuredScan, assume_disease: str) -> list[dict[str, Any]]:
    """The features of `scan`, of the disease that it tells itself; clinical facts join when it is folded."""
    disease = measured.disease_hint or assume_disease or "unknown"
    return feature_rows(scan.scan_uid, scan.revision, measured, disease)


def _set_aside(connection: Connection, results: Sequence[Result], now: dt.datetime) -> None:
    rows = [
        set_aside_row(
            revision_item(connection, scan.scan_uid, scan.revision),
            result.reason_code,
            result.reason,
            now,
            scan_uid=scan.scan_uid,
            revision=scan.revision,
        )
        for scan, result in results
        if isinstance(result, SetAside)
    ]
    append(connection, schema.set_asides, rows)


def _steps(results: Sequence[Result]) -> list[MeasuringStep]:
    """Those that were measured come first."""
    steps = [_step(*result) for result in results]
    return sorted(steps, key=lambda step: step.status is Status.SET_ASIDE)


def _step(scan: CompleteScan, result: MeasuredScan | SetAside) -> MeasuringStep:
    if isinstance(result, SetAside):
        return MeasuringStep(scan.scan_uid, scan.revision, Status.SET_ASIDE, result.reason_code, result.reason)
    return MeasuringStep(scan.scan_uid, scan.revision, Status.WAITING)


def _log(scan: CompleteScan, result: MeasuredScan | SetAside) -> None:
    if isinstance(result, SetAside):
        logs.event("scan_set_aside", scan=scan.scan_uid, revision=scan.revision, reason=result.reason_code)
    else:
        logs.event("scan_measured", scan=scan.scan_uid, revision=scan.revision, values=len(result.measurements))
