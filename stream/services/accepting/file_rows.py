"""The rows that a received file becomes, one table each."""

from typing import Any

from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile, UnusableFile
from stream.services.accepting.set_asides import item_id, set_aside_row
from stream.timeline.local_time import offset_minutes
from stream.vocabulary import Receipt


def association_row(file: ReceivedFile) -> dict[str, Any]:
    """Of `associations`: who brought it."""
    return {"association_id": file.association_id, "calling_ae": file.calling_ae, "peer": file.peer}


def vault_patient_row(what: DescribedInstance) -> dict[str, str | None]:
    """Of `vault.patients`: who the patient is, as this file says."""
    columns = ("issuer", "mrn", "name", "birth_date", "sex")
    return {"patient_id": what.patient_id, **{name: what.vault[name] for name in columns}}


def vault_scan_row(what: DescribedInstance) -> dict[str, Any]:
    """Of `vault.scans`: the original UID of its study."""
    return {"scan_uid": what.scan_uid, "study_instance_uid": what.vault["study_instance_uid"]}


def instance_row(file: ReceivedFile, what: DescribedInstance) -> dict[str, Any]:
    """Of `instances`."""
    return {
        "instance_uid": what.instance_uid,
        "scan_uid": what.scan_uid,
        "sha256": file.sha256,
        "content_sha256": file.content_sha256,
        "modality": what.modality,
        "kind": what.kind,
        "acquired_at": what.acquired_at,
        "referenced": list(what.referenced),
        "expected_instances": what.expected_instances,
        "accepted_at": file.received_at,
        "series_uid": what.series_uid,
        "series_description": what.series_description,
        "expected_series": what.expected_series,
        "expected_in_series": what.expected_in_series,
        "withdraws": list(what.withdraws) or None,
        "withdraws_because": what.withdraws_because,
        "utc_offset_minutes": offset_minutes(what.acquired_at),
    }


def ungathered_row(file: ReceivedFile, what: DescribedInstance) -> dict[str, Any]:
    """Of `ungathered`: no revision has it yet."""
    return {"instance_uid": what.instance_uid, "scan_uid": what.scan_uid, "accepted_at": file.received_at}


def aside_row(file: ReceivedFile, problem: UnusableFile) -> dict[str, Any]:
    """Of `set_asides`: what is in its way."""
    item, what = item_id(file.content_sha256), file.what
    row = set_aside_row(
        item, problem.reason_code, problem.reason, file.received_at, scan_uid=what.scan_uid, sha256=file.sha256
    )
    return {**row, "patient_id": what.patient_id, "doubt": problem.doubt}


def receipt_row(file: ReceivedFile, outcome: Receipt) -> dict[str, Any]:
    """Of `receipts`: what its sender was told, and what became of it."""
    return {
        "receipt_id": file.receipt_id,
        "association_id": file.association_id,
        "sha256": file.sha256,
        "content_sha256": file.content_sha256,
        "outcome": outcome,
        "received_at": file.received_at,
        "scan_uid": file.what.scan_uid,
    }
