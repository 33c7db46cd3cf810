"""Reading the views of schema `scanstream`, as any other client could."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from psycopg.rows import dict_row

from stream.storage.database import Connection
from stream.storage.folding.leads import Lead
from stream.storage.rows import only_row

Row = dict[str, Any]
"""A row as it is printed for scripts: every column by its name."""


class TreatmentRow(NamedTuple):
    """A treatment as known on the day of a scan: an end that had not come by then is None."""

    name: str
    kind: str
    start_at: dt.datetime
    end_at: dt.datetime | None


class TimepointRow(NamedTuple):
    """What a model saw at a standing scan; `x` by the names of features, None where missing."""

    patient_id: str
    scan_uid: str
    acquired_at: dt.datetime
    first_accepted_at: dt.datetime
    feature_version: str
    disease: str
    x: Mapping[str, float | None]
    clinical: Mapping[str, Any]
    treatments: tuple[TreatmentRow, ...]
    begins_line: bool


def counts(connection: Connection) -> tuple[Row, dict[str, int]]:
    """The row of service_status, and the number of scan revisions by status."""
    (files,) = _rows(connection, "SELECT * FROM scanstream.service_status")
    scans = _rows(
        connection, "SELECT status, count(*) AS n FROM scanstream.scan_status GROUP BY status ORDER BY status"
    )
    return files, {row["status"]: row["n"] for row in scans}


def senders(connection: Connection) -> list[Row]:
    """Rows of sender, by AE title."""
    return _rows(connection, "SELECT * FROM scanstream.sender ORDER BY sender")


def refusals(connection: Connection) -> list[Row]:
    """Rows of refusal, the latest first."""
    return _rows(connection, "SELECT * FROM scanstream.refusal ORDER BY last_at DESC, sender, peer, cause")


def running(connection: Connection) -> dict[str, Any]:
    """Rows of process and disk, the row of throughput, and who was refused in the last hour."""
    processes = _rows(connection, "SELECT * FROM scanstream.process ORDER BY name, started_at")
    (throughput,) = _rows(connection, "SELECT * FROM scanstream.throughput")
    disks = _rows(connection, "SELECT * FROM scanstream.disk ORDER BY process, folders")
    lately = "last_at > now() - interval '1 hour'"
    refused = _rows(connection, f"SELECT * FROM scanstream.refusal WHERE {lately} ORDER BY last_at DESC, sender, peer")
    return {"processes": processes, "throughput": throughput, "disks": disks, "refusals": refused}


def current_risk(connection: Connection, patients: Sequence[str]) -> list[Row]:
    """Rows of current_risk of `patients`, by endpoint and horizon."""
    query = "SELECT * FROM scanstream.current_risk WHERE patient_id = ANY(%(patients)s) ORDER BY endpoint, horizon_days"
    return _rows(connection, query, {"patients": list(patients)})


EXPLAINED = """SELECT c.endpoint, c.horizon_kind, c.horizon_days, c.weights_version, c.scan_uid, e.says, e.why_not
FROM {current_risk} c LEFT JOIN scanstream.explanation e ON e.patient_id = c.patient_id AND e.endpoint = c.endpoint
  AND e.weights_version = c.weights_version AND e.scan_uid = c.scan_uid AND e.computed_at = c.computed_at
WHERE c.patient_id = %(patient)s ORDER BY c.endpoint, c.horizon_days"""
"""Current risks of a patient, each with what is said of all of its endpoint; `says` is null where nothing is yet,
or where `why_not` says why that failed."""


def explained(connection: Connection, patient_id: str) -> list[Row]:
    """Rows of EXPLAINED, as things stand now."""
    query = EXPLAINED.format(current_risk="scanstream.current_risk")
    return _rows(connection, query, {"patient": patient_id})


def knows_patient(connection: Connection, patient_id: str) -> bool:
    """Whether anything was ever received for this pseudonym, which may belong to another one now."""
    query = """SELECT EXISTS (SELECT FROM scanstream.scan_status WHERE patient_id = %(patient)s)
      OR EXISTS (SELECT FROM scanstream.merged_patient WHERE patient_id = %(patient)s)"""
    return bool(only_row(connection.execute(query, {"patient": patient_id}))[0])


def patients_named(connection: Connection, part: str) -> list[str]:
    """Pseudonyms with `part` in them of whom anything was received, in their order."""
    query = """SELECT patient_id FROM scanstream.scan_status WHERE strpos(patient_id, %(part)s) > 0
      UNION SELECT patient_id FROM scanstream.merged_patient WHERE strpos(patient_id, %(part)s) > 0 ORDER BY 1"""
    return [patient for (patient,) in connection.execute(query, {"part": part}).fetchall()]


def merges(connection: Connection, patients: Sequence[str]) -> list[Row]:
    """Rows of merged_patient of those of `patients` whose scans count with another one."""
    query = "SELECT * FROM scanstream.merged_patient WHERE patient_id = ANY(%(patients)s) ORDER BY patient_id"
    return _rows(connection, query, {"patients": list(patients)})


def knows_scan(connection: Connection, scan_uid: str) -> bool:
    """Whether anything was ever received for this scan's pseudonym."""
    query = "SELECT EXISTS (SELECT FROM scanstream.scan_status WHERE scan_uid = %s)"
    return bool(only_row(connection.execute(query, [scan_uid]))[0])


def of_unknown_disease(connection: Connection, patients: Sequence[str]) -> bool:
    """Whether of a standing scan of `patients` neither its files nor clinical facts say the disease."""
    query = "SELECT EXISTS (SELECT FROM scanstream.timepoint WHERE disease = 'unknown' AND patient_id = ANY(%s))"
    return bool(only_row(connection.execute(query, [list(patients)]))[0])


def reasons_of_last(connection: Connection, patient_id: str) -> list[str]:
    """Why the last scan that counts has no forecast, as the view scan_status says it; empty where none counts."""
    query = """SELECT reason FROM scanstream.scan_status WHERE patient_id = %s AND status = 'applied'
      AND reason IS NOT NULL ORDER BY acquired_at DESC, scan_uid DESC LIMIT 1"""
    return [str(reason) for (reason,) in connection.execute(query, [patient_id])]


def set_aside_item(connection: Connection, item_id: str) -> Row | None:
    """The row of set_aside of one item; None where there is none."""
    rows = _rows(connection, "SELECT * FROM scanstream.set_aside WHERE item_id = %(item)s", {"item": item_id})
    return rows[0] if rows else None


def timepoints(connection: Connection, patient_id: str) -> list[TimepointRow]:
    """Rows of timepoint of one patient, in timeline order."""
    query = """SELECT patient_id, scan_uid, acquired_at, first_accepted_at, feature_version, disease, x, clinical,
      treatments, begins_line FROM scanstream.timepoint WHERE patient_id = %s ORDER BY acquired_at, scan_uid"""
    return [
        TimepointRow._make([*values, tuple(map(_treatment, treatments)), begins_line])
        for *values, treatments, begins_line in connection.execute(query, [patient_id]).fetchall()
    ]


def leads(connection: Connection) -> list[Lead]:
    """Everything that leads or led, the latest first."""
    query = """SELECT endpoint, disease, weights_version, since, until FROM scanstream.leads
    ORDER BY since DESC, endpoint, disease"""
    return [Lead(*row) for row in connection.execute(query).fetchall()]


def _treatment(value: Mapping[str, Any]) -> TreatmentRow:
    """Of JSON, in which times are text."""
    start, end = (value[name] and dt.datetime.fromisoformat(value[name]) for name in ("start_at", "end_at"))
    return TreatmentRow(value["name"], value["kind"], start, end)


def _rows(connection: Connection, query: str, values: Row | None = None) -> list[Row]:
    return connection.cursor(row_factory=dict_row).execute(query, values).fetchall()
