"""Named crash points: every step between two durable effects has a name, at which a test can end the process.

`SCANSTREAM_CRASH_AT=name:n` arms one point in gateway or worker; the n-th time it is reached the process kills itself
with SIGKILL, so that nothing is cleaned up. Tests alone set it; unarmed, a point costs a comparison.
"""

import itertools
import os
import re
import signal
from typing import NoReturn

POINTS = {
    # gateway: from the wire to the answer
    "spool.leftover_removed": "a file that was never acknowledged is removed at start, the folder not synced yet",
    "spool.file_written": "the bytes are durable under a temporary name",
    "spool.file_named": "the file has its name, which is its record; the folder is not synced",
    "spool.end_named": "the record of an association's end is there, the folder is not synced",
    "receiver.kept": "file and record are durable, the sender is not answered",
    "receiver.association_ended": "an association ended, nothing says so yet",
    "receiver.end_kept": "the record of an association's end is durable",
    # gateway: from the spool to rows and messages
    "key.written": "a new pseudonym key is durable under a temporary name",
    "key.named": "the new pseudonym key has its name, the temporary one is still there",
    "archive.folder_made": "a new folder of the archive exists, its parent is not synced",
    "archive.file_copied": "a file from another file system was copied in under a temporary name",
    "archive.file_taken": "a file lies in the archive, the folder is not synced",
    "forwarder.archived": "all files of a batch lie in the archive, none has rows",
    "forwarding.scans_written": "rows of new scans are written, nothing of their instances",
    "forwarding.vault_written": "the vault knows the patients, the instances have no rows",
    "forwarding.receipts_written": "all rows of a batch are written and not committed",
    "forwarding.committed": "rows are committed, no message is sent",
    "forwarding.end_noted": "the end of an association is committed, no bell is rung",
    "publisher.sent": "messages are handed to the client, Kafka has confirmed none",
    "publisher.confirmed": "Kafka has confirmed all messages",
    "forwarder.announced": "rows and messages are durable, the records still lie in the spool",
    "forwarder.record_cleared": "a record is gone from the spool, others of its batch are still there",
    # gateway: what people want of what was set aside
    "wishes.done": "what was wanted is decided, no bell is rung and nobody is answered",
    # worker: around every batch
    "weights.copied": "weights are copied beside their place in the archive",
    "weights.kept": "weights lie in their place in the archive",
    "batch.taken": "a batch is read from Kafka, nothing is done",
    "batch.handled": "a batch is done, nothing of it acknowledged",
    "batch.acknowledged": "a batch is acknowledged to the client, its offsets may not be committed",
    "letters.set_aside": "messages that cannot be read are set aside, the rest of their batch is not done",
    # worker: what its predecessor died with
    "suspects.set_aside": "what killed workers three times is set aside, not committed",
    "suspects.charged": "what a worker died with is noted and not committed, its own note is still there",
    "suspects.forgotten": "the dead worker's note is gone, the suspects are not committed",
    "suspects.ended_well": "work on a suspect is done, it is still listed",
    # worker: assembling
    "assembly.locked": "scans are locked and read",
    "assembly.waits_written": "how long scans wait is written and not committed",
    "assembly.revision_written": "a new revision has its row, its instances have none",
    "assembly.fired": "a new revision is written whole and not committed",
    "assembly.committed": "a new revision is committed, nobody is told to measure it",
    "assemble.announced": "a new revision is announced, its bell not acknowledged",
    "assemble.due": "scans whose time has come are found, nothing is done",
    # worker: measuring
    "measurement.read": "files are measured, nothing is written",
    "measurement.values_written": "measured values are written, no features",
    "measurement.advanced": "values, features and what is set aside are written and not committed",
    "measurement.committed": "a measurement is committed, its timeline not told",
    "measure.announced": "a measurement is announced, its bell not acknowledged",
    # worker: facts about patients
    "patient_events.written": "treatments, clinical facts and outcomes are written, rejections not",
    "rejecting.written": "a rejection or its undo is written, the log not",
    "audit.written": "the log has a new row that is not committed",
    "patient_events.committed": "facts are committed, identity events not accepted, nothing folded",
    "identity.numbered": "an identity event has its number, the log not its row",
    "identity.accepted": "an identity event is committed and waits to take effect",
    "identity.held": "the identity lock is held to let an event take effect",
    "identity.changed": "aliases or assignments are changed, no timeline folded",
    "identity.folded": "the touched timelines are folded, the event's end not written",
    "identity.ended": "an identity event has its end, nothing is committed",
    "identity.applied": "an identity event has taken effect, nobody is told",
    # worker: the one routine
    "reconcile.computed": "all rows of a batch are computed, no transaction open",
    "reconcile.sent": "rows lie in the temp tables, no lock is taken",
    "reconcile.locked": "heads are locked, nothing is written",
    "reconcile.ended": "rows that no longer stand are ended, their successors not written",
    "reconcile.written": "new rows are written, heads not moved on",
    "reconcile.moved": "heads are moved on, statuses not",
    "reconcile.written_all": "everything of a fold is written and not committed",
    "reconcile.committed": "folds are committed, the memory of states not brought up to date",
    "forecast.done": "folds are committed, nobody is told",
    "forecast.announced": "folds are announced, their bells not acknowledged",
    # worker: explanations
    "explain.computed": "an explanation is worked out, nothing of it written",
    "explain.written": "an explanation is written and its timeline waits no more, not committed",
    # worker: the sweep
    "sweep.leading": "a worker leads a sweep and has done nothing",
    "sweep.finalised": "old revisions became final, not committed",
    "sweep.found": "what waits too long is found, no bell is rung",
    "sweep.rung": "bells are rung again",
}
"""Every point, in the order in which a scan comes by, and what is durable when it is reached."""

_NAME_AND_COUNT = re.compile(r"([a-z_.]+):([1-9][0-9]{0,8})")


class _Armed:
    """The one point at which this process ends, and how often it was reached; threads may reach it at once."""

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self._count = count
        self._reached = itertools.count(1)  # its next() is atomic

    def reach(self, name: str) -> None:
        if name == self.name and next(self._reached) == self._count:
            _die()


_armed: _Armed | None = None


def reach(name: str) -> None:
    """Say that the point `name` is reached."""
    if _armed is not None:
        _armed.reach(name)


def arm(crash_at: str) -> None:
    """Arm what the setting CRASH_AT says; nothing where it is empty. Raises ValueError."""
    global _armed
    _armed = _Armed(*parse(crash_at)) if crash_at else None


def parse(crash_at: str) -> tuple[str, int]:
    """Name and count of `name:n`; ValueError with what is wrong."""
    match = _NAME_AND_COUNT.fullmatch(crash_at)
    if match is None:
        raise ValueError(f"{crash_at!r} is no crash point; write name:n, such as reconcile.locked:1")
    name, count = match.groups()
    if name not in POINTS:
        raise ValueError(f"there is no crash point {name!r}; stream/crash.py lists them all")
    return name, int(count)


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()  # the signal ends every thread, this one too, before it goes a step further
    raise AssertionError("unreachable")
