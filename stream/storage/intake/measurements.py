"""Scan revisions on their way from complete to measured, and what was measured in them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from stream.measured_scan import SeriesEmbedding
from stream.png import pixels
from stream.storage import schema
from stream.storage.appending import append
from stream.storage.database import Connection
from stream.storage.intake.assembly import MODALITY
from stream.storage.intake.embeddings import stored_embeddings
from stream.storage.patients.naming import own_patient
from stream.vocabulary import Completeness, Status

VALUE_COLUMNS = ("lesion_uid", "lesion_label", "body_site", "measurement", "value", "unit", "source")
"""The columns of a measured value that a reader decides, in the order of MeasuredContent."""

FINDING_COLUMNS = ("lesions", "stated_sum_mm", "time_point", "registrations")
"""The same of what is said of lesions."""


KEY_SLICE_COLUMNS = (
    "lesion_uid",
    "width",
    "height",
    "mm_per_pixel",
    "view",
    "slice_number",
    "slices",
    "area_mm2",
    "instance_uid",
    "png",
)
"""The same of key slices."""

OUTLINING_COLUMNS = ("model", "version", "weights_version", "outcome", "reason", "segmentation_sha256")
"""The same of what a model outlined."""

PRESENCE_COLUMNS = (
    "series_uid",
    "model",
    "weights_version",
    "learned_from",
    "probability",
    "low",
    "high",
    "slices",
    "slice_number",
    "instance_uid",
    "picture",
    "occlusion",
    "gradient",
    "gates",
)
"""The same of what a model says of slices."""

SAME_PROBABILITY, SAME_LEVELS = 1e-5, 2
"""Another processor adds the same numbers in another order; of a byte's levels in a picture."""


@dataclass(frozen=True)
class CompleteScan:
    """A revision that waits to be measured: the sha256 of its files, and whom it was received for.

    `patient_id`: whose it is by its files, the same whatever came first; what has no other name is named after it.
    `modalities`: of its files, each once.
    """

    scan_uid: str
    revision: int
    received_as: str
    patient_id: str
    files: tuple[str, ...]
    modalities: tuple[str, ...] = ()


@dataclass(frozen=True)
class MeasuringStep:
    """How measuring a revision ended: it waits for its timeline, or was set aside for a reason."""

    scan_uid: str
    revision: int
    status: Status
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class MeasuredContent:
    """What was found in a revision: hashes of its features, values in order (VALUE_COLUMNS), what is not used,
    what is said of lesions (FINDING_COLUMNS): one row, none where an older version measured it, key slices by
    lesion_uid (KEY_SLICE_COLUMNS), unpacked, what a model says of slices (PRESENCE_COLUMNS), what one outlined
    (OUTLINING_COLUMNS): at most one row each, the maps of lesions by lesion_uid, and what an encoder says by modality.
    """

    features_sha256: list[str]
    values: list[tuple[object, ...]]
    unused: list[tuple[object, ...]]
    findings: list[tuple[object, ...]]
    key_slices: list[tuple[object, ...]]
    presence: list[tuple[Any, ...]] = field(compare=False)
    outlinings: list[tuple[object, ...]]
    maps: list[tuple[object, ...]]
    encoded: list[SeriesEmbedding]

    def agrees_with(self, other: "MeasuredContent") -> bool:
        """Whether both say the same, of probabilities within SAME_PROBABILITY."""
        return self == other and _is_same(self.presence, other.presence)


def _is_same(one: Any, another: Any) -> bool:
    if isinstance(one, list | tuple):
        return len(one) == len(another) and all(map(_is_same, one, another))
    if isinstance(one, bytes) and isinstance(another, bytes):
        return one == another or _is_same_picture(one, another)
    return one == another or (isinstance(one, float) and abs(one - another) <= SAME_PROBABILITY)


def _is_same_picture(one: bytes, another: bytes) -> bool:
    with suppress(ValueError):
        levels, others = pixels(one).astype(int), pixels(another).astype(int)
        return levels.shape == others.shape and bool(abs(levels - others).max() <= SAME_LEVELS)
    return False


@dataclass(frozen=True)
class RevisionRow:
    """A revision as it was made of instances, and the `highest` one of its scan."""

    acquired_at: dt.datetime
    instances_sha256: str
    completeness: Completeness
    final_at: dt.datetime | None
    highest: int
    utc_offset_minutes: int | None
    dated_apart: list[str] | None


def complete_scans(connection: Connection, revisions: Sequence[tuple[str, int]], status: Status) -> list[CompleteScan]:
    """Those of `revisions` (scan_uid, revision) that have this `status`, in the order given."""
    rows = connection.execute(
        f"""SELECT w.scan_uid, w.revision, s.received_as, s.own,
          (SELECT array_agg(i.sha256 ORDER BY i.instance_uid) FROM core.revision_instances ri
            JOIN core.instances i USING (instance_uid) WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision),
          w.modality
        FROM unnest(%s::text[], %s::int[]) WITH ORDINALITY k(u, r, n)
        JOIN core.assembly w ON w.scan_uid = k.u AND w.revision = k.r JOIN
          (SELECT s.scan_uid, s.received_as, {own_patient("s")} AS own FROM core.scans s) s ON s.scan_uid = k.u
        WHERE w.status = %s ORDER BY k.n""",
        [[uid for uid, _ in revisions], [revision for _, revision in revisions], status],
    ).fetchall()
    return [
        CompleteScan(scan_uid, revision, received_as, own, tuple(files or ()), tuple(modalities or ()))
        for scan_uid, revision, received_as, own, files, modalities in rows
    ]


def end_measuring(connection: Connection, steps: Iterable[MeasuringStep], now: dt.datetime) -> None:
    """Move revisions on that are being measured; what has moved on already stays."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """UPDATE core.assembly SET status = %s, reason_code = %s, reason = %s, changed_at = %s, measured_at = %s
            WHERE scan_uid = %s AND revision = %s AND status = 'measuring'""",
            [[step.status, step.reason_code, step.reason, now, now, step.scan_uid, step.revision] for step in steps],
        )


def standing_revisions(connection: Connection, patient_id: str | None) -> list[tuple[str, int]]:
    """Revisions that stand, of one timeline or all, and were made of files: imported visits have none."""
    rows = connection.execute(
        """SELECT p.id, p.revision FROM core.placements p
        WHERE p.kind = 'scan' AND p.ended_by IS NULL AND (%(patient)s::text IS NULL OR p.patient_id = %(patient)s)
          AND EXISTS (SELECT FROM core.revision_instances i WHERE i.scan_uid = p.id AND i.revision = p.revision)
        ORDER BY p.patient_id, p.at, p.id""",
        {"patient": patient_id},
    ).fetchall()
    return [(scan_uid, revision) for scan_uid, revision in rows]


def measured_content(connection: Connection, scan_uid: str, revision: int) -> MeasuredContent:
    """What was found in a revision when it was measured."""
    key, where = [scan_uid, revision], "WHERE scan_uid = %s AND revision = %s"
    features = connection.execute(f"SELECT sha256 FROM core.features {where}", key).fetchall()
    values = f"SELECT {', '.join(VALUE_COLUMNS)} FROM core.measurements {where} ORDER BY number"
    unused = f"SELECT object_kind, code, meaning, reason FROM core.unused {where} ORDER BY number"
    findings = f"SELECT {', '.join(FINDING_COLUMNS)} FROM core.findings {where}"
    presence = f"SELECT {', '.join(PRESENCE_COLUMNS)} FROM core.slice_scores {where}"
    key_slices = f"SELECT {', '.join(KEY_SLICE_COLUMNS)} FROM core.key_slices {where} ORDER BY lesion_uid"
    outlinings = f"SELECT {', '.join(OUTLINING_COLUMNS)} FROM core.outlinings {where}"
    maps = f"SELECT lesion_uid, outline FROM core.lesion_maps {where} ORDER BY lesion_uid"
    return MeasuredContent(
        sorted(sha256 for (sha256,) in features),
        connection.execute(values, key).fetchall(),
        connection.execute(unused, key).fetchall(),
        connection.execute(findings, key).fetchall(),
        [unpacked(row) for row in connection.execute(key_slices, key)],
        connection.execute(presence, key).fetchall(),
        connection.execute(outlinings, key).fetchall(),
        connection.execute(maps, key).fetchall(),
        stored_embeddings(connection, scan_uid, revision),
    )


def unpacked(row: Sequence[Any]) -> tuple[object, ...]:
    """A key slice (KEY_SLICE_COLUMNS) with its pixels in the place of the file, which others may pack otherwise.

    What is no picture of ours stays as it is: it is like none that is.
    """
    *values, file = row
    with suppress(ValueError):
        return *values, pixels(file).tobytes()
    return tuple(row)


def lock_revision(connection: Connection, scan_uid: str, revision: int) -> RevisionRow:
    """The revision, with its scan locked: nobody makes another one until this transaction ends."""
    connection.execute("SELECT FROM core.scans WHERE scan_uid = %s FOR UPDATE", [scan_uid])
    row = connection.execute(
        """SELECT acquired_at, instances_sha256, completeness, final_at,
          (SELECT max(revision) FROM core.revisions WHERE scan_uid = r.scan_uid), utc_offset_minutes, dated_apart
        FROM core.revisions r WHERE scan_uid = %s AND revision = %s""",
        [scan_uid, revision],
    ).fetchone()
    if row is None:
        raise LookupError(f"no revision {revision} of scan {scan_uid}")
    acquired_at, instances_sha256, completeness, *others = row
    return RevisionRow(acquired_at, instances_sha256, Completeness(completeness), *others)


def append_same_instances(
    connection: Connection, scan_uid: str, revision: int, row: RevisionRow, now: dt.datetime
) -> None:
    """Append `revision`, made of the same instances as the one before it, which is `row`."""
    key = {"scan_uid": scan_uid, "revision": revision}
    names = ("acquired_at", "utc_offset_minutes", "dated_apart", "instances_sha256", "completeness")
    same = {name: getattr(row, name) for name in names}
    append(connection, schema.revisions, [{**key, **same, "accepted_at": now, "final_at": row.final_at and now}])
    uids = connection.execute(
        "SELECT instance_uid FROM core.revision_instances WHERE scan_uid = %s AND revision = %s",
        [scan_uid, revision - 1],
    ).fetchall()
    append(connection, schema.revision_instances, [{**key, "instance_uid": uid} for (uid,) in uids])


def let_wait(
    connection: Connection, scan_uid: str, revision: int, completeness: Completeness, now: dt.datetime
) -> None:
    """A revision that is measured waits for its timeline, whatever it waited for before."""
    connection.execute(
        f"""INSERT INTO core.assembly (scan_uid, revision, status, completeness, changed_at, measured_at, modality)
        SELECT k.u, k.r, 'waiting', %s, %s, %s, {MODALITY} FROM (SELECT %s::text COLLATE "C" AS u, %s::int AS r) k
        ON CONFLICT (scan_uid, revision) DO UPDATE SET status = 'waiting', completeness = excluded.completeness,
          changed_at = excluded.changed_at, measured_at = excluded.measured_at, modality = excluded.modality""",
        [completeness, now, now, scan_uid, revision],
    )
