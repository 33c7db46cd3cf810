"""The sweep: whatever was accepted and has no end after a while gets its bell rung again (docs/protocol.md 10)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from stream.crash import reach
from stream.storage import schema
from stream.storage.appending import write_later
from stream.storage.database import Connection
from stream.storage.folding.active_weights import behind, without_course
from stream.storage.folding.timelines import roots
from stream.storage.intake.set_asides import held_timelines
from stream.storage.intake.unfinished import (
    StuckRevision,
    UngatheredScan,
    provisional_revisions,
    stuck_revisions,
    ungathered_scans,
    unseen_patients,
)
from stream.storage.locks import lead_sweep, nobody_replays, share_identity
from stream.vocabulary import Status

PATIENCE = dt.timedelta(seconds=10)
"""A bell is rung again when nothing happened for this long: well above a batch under load, well below a coffee."""
FINAL_LIMIT = 1000
PASS_LIMIT = 5000
"""Bells of each kind in one pass, those that wait longest first: a topic that was lost fills again within memory."""
BEHIND_LIMIT = 64
"""Timelines rung for in one pass because they lack states of new weights: live traffic stands between them."""


@dataclass(frozen=True)
class Unfinished:
    """What waits too long, by the topic whose bell brings it on; each with its received_as as key."""

    instances: tuple[UngatheredScan, ...]
    scans: tuple[StuckRevision, ...]
    timepoints: tuple[StuckRevision, ...]
    patients: tuple[str, ...]  # received_as with facts no fold has seen, or timelines that lack states or a course


def sweep(connection: Connection, now: dt.datetime, final_after: dt.timedelta) -> Unfinished | None:
    """What waits longer than PATIENCE; also makes old revisions final. None where another worker sweeps."""
    before = now - PATIENCE
    with connection.transaction():
        if not lead_sweep(connection):
            return None
        reach("sweep.leading")
        _finalise(connection, now, final_after)
        patients = [*unseen_patients(connection, before, PASS_LIMIT), *_behind(connection, before)]
        instances = ungathered_scans(connection, before, PASS_LIMIT)
        measuring = stuck_revisions(connection, Status.MEASURING, before, PASS_LIMIT)
        waiting = stuck_revisions(connection, Status.WAITING, before, PASS_LIMIT)
        free = _not_held(connection, [*patients, *(revision.received_as for revision in waiting)])
        return Unfinished(
            tuple(instances),
            tuple(measuring),
            tuple(revision for revision in waiting if revision.received_as in free),
            tuple(patient for patient in patients if patient in free),
        )


def _not_held(connection: Connection, patients: Sequence[str]) -> set[str]:
    """Those of `patients`, as received, whose timeline does not wait for a person."""
    held = held_timelines(connection)
    timelines = roots(connection, patients) if held else {}
    return {patient for patient in patients if timelines.get(patient) not in held}


def _behind(connection: Connection, before: dt.datetime) -> list[str]:
    """Timelines that lack a course, or states of weights active since `before`; none while somebody replays."""
    if not nobody_replays(connection):
        return []
    return without_course(connection, BEHIND_LIMIT) or behind(connection, before, BEHIND_LIMIT)


def _finalise(connection: Connection, now: dt.datetime, final_after: dt.timedelta) -> None:
    """Provisional revisions become final by age; that is no content, so nothing is folded (docs/protocol.md 4)."""
    share_identity(connection)
    revisions = provisional_revisions(connection, now - final_after, FINAL_LIMIT)
    for revision in revisions:
        write_later(connection, schema.revisions, revision._asdict(), {"final_at": now})
    if revisions:
        reach("sweep.finalised")
