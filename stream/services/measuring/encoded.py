"""What an encoder says of a scan: its rows, its part of the features x_t, and when two readings of it are the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from models.features import EMBEDDING, IMAGE_NAMES, IMAGES, MODALITIES, encoded_by
from stream.measured_scan import MeasuredScan, SeriesEmbedding
from stream.storage.database import Connection
from stream.storage.intake.embeddings import stored_embeddings
from stream.storage.intake.measurements import CompleteScan

SAME = 1e-4
"""Another processor adds the same numbers in another order; what the network makes of less is less than 1e-6."""

Features = list[float | None]


def embedding_rows(scan: CompleteScan, measured: MeasuredScan) -> list[dict[str, Any]]:
    """Rows of what an encoder says of one scan revision, by modality."""
    names = {"scan_uid": scan.scan_uid, "revision": scan.revision}
    rows = [{**names, **one._asdict()} for one in sorted(measured.encoded)]
    return [{**row, "embedding": row["embedding"] and list(row["embedding"])} for row in rows]


def image_versions(x: Features, measured: MeasuredScan) -> dict[str, Features]:
    """The feature versions that hold more than what was measured, `x`: each where the scan has something of it."""
    looks: Features = [*x, *(measured.embedding or [None] * len(IMAGE_NAMES))]
    versions = {IMAGES: looks} if measured.embedding else {}
    said = {one.modality: one for one in measured.encoded if one.embedding is not None}
    for version in {encoded_by(one.weights_version) for one in said.values()}:
        versions[version] = [*looks, *(value for modality in MODALITIES for value in _values(said.get(modality)))]
    return versions


def _values(said: SeriesEmbedding | None) -> Sequence[float | None]:
    return [None] * EMBEDDING if said is None or said.embedding is None else said.embedding


def as_kept(connection: Connection, scan: CompleteScan, measured: MeasuredScan) -> MeasuredScan:
    """`measured` with the embeddings that are stored, where it says the same within SAME.

    So that what follows from them, to the bit, is compared by what was kept and not by who measured again.
    """
    kept = {one.modality: one for one in stored_embeddings(connection, scan.scan_uid, scan.revision)}
    return replace(measured, encoded=tuple(_kept(one, kept.get(one.modality)) for one in measured.encoded))


def _kept(one: SeriesEmbedding, stored: SeriesEmbedding | None) -> SeriesEmbedding:
    if stored is None or stored.embedding is None or one.embedding is None:
        return one
    near = all(abs(new - old) <= SAME for new, old in zip(one.embedding, stored.embedding, strict=True))
    return one._replace(embedding=stored.embedding) if near else one
