"""Every crash point with the part that reaches it and the kinds of message that do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.faults import crash_scenarios as kinds
from tests.faults.crash_scenarios import Case, Holds
from tests.faults.crashing import SETTLE_SECONDS, Crashing
from tests.services.accepted_facts import assert_sound
from tests.waiting import wait_until

Scenario = Callable[[Case], Holds]
Delivery = tuple[Case, Holds]
OTHER = {"gateway": "worker", "worker": "gateway"}

FILES = (kinds.sr, kinds.image_and_seg)
ALL_FILES = (*FILES, kinds.duplicate, kinds.no_date)
REVISIONS = (*FILES, kinds.late_slice)
MEASURED = (*REVISIONS, kinds.unknown_unit)
FACTS = (kinds.treatment, kinds.clinical, kinds.outcome)
REJECTIONS = (kinds.rejection, kinds.rejection_withdrawn)
IDENTITY = (kinds.merge, kinds.unmerge, kinds.move)
BELLS = (kinds.timepoint_bell, kinds.patient_bell)
MESSAGES = (kinds.image_and_seg, *FACTS, *REJECTIONS, *IDENTITY, *BELLS, kinds.unreadable)
FOLDS = (kinds.sr, kinds.late_slice, kinds.treatment, kinds.clinical, *REJECTIONS, *BELLS, kinds.no_bell)

TABLE: dict[tuple[str, str], tuple[Scenario, ...]] = {
    ("gateway", "spool.leftover_removed"): (kinds.leftover,),
    ("gateway", "spool.file_written"): ALL_FILES,
    ("gateway", "spool.file_named"): ALL_FILES,
    ("gateway", "spool.end_named"): FILES,
    ("gateway", "receiver.kept"): ALL_FILES,
    ("gateway", "receiver.association_ended"): FILES,
    ("gateway", "receiver.end_kept"): FILES,
    ("gateway", "archive.folder_made"): FILES,
    ("gateway", "archive.file_copied"): FILES,
    ("gateway", "archive.file_taken"): ALL_FILES,
    ("gateway", "forwarder.archived"): ALL_FILES,
    ("gateway", "forwarding.scans_written"): ALL_FILES,
    ("gateway", "forwarding.vault_written"): ALL_FILES,
    ("gateway", "forwarding.receipts_written"): ALL_FILES,
    ("gateway", "forwarding.committed"): ALL_FILES,
    ("gateway", "forwarding.end_noted"): FILES,
    ("gateway", "publisher.sent"): FILES,
    ("gateway", "publisher.confirmed"): FILES,
    ("gateway", "forwarder.announced"): ALL_FILES,
    ("gateway", "forwarder.record_cleared"): ALL_FILES,
    ("gateway", "wishes.done"): (kinds.released,),
    ("worker", "publisher.sent"): (*FILES, kinds.treatment, kinds.merge, kinds.no_bell),
    ("worker", "publisher.confirmed"): (*FILES, kinds.treatment, kinds.merge, kinds.no_bell),
    ("worker", "key.written"): (kinds.sr,),
    ("worker", "key.named"): (kinds.sr,),
    ("worker", "weights.copied"): (kinds.sr,),
    ("worker", "weights.kept"): (kinds.sr,),
    ("worker", "batch.taken"): MESSAGES,
    ("worker", "batch.handled"): MESSAGES,
    ("worker", "batch.acknowledged"): MESSAGES,
    ("worker", "letters.set_aside"): (kinds.unreadable,),
    ("worker", "suspects.set_aside"): (kinds.killed_twice,),
    ("worker", "suspects.charged"): (kinds.died_with, kinds.killed_twice),
    ("worker", "suspects.forgotten"): (kinds.died_with,),
    ("worker", "suspects.ended_well"): (kinds.died_with,),
    ("worker", "assembly.locked"): REVISIONS,
    ("worker", "assembly.waits_written"): REVISIONS,
    ("worker", "assembly.revision_written"): REVISIONS,
    ("worker", "assembly.fired"): REVISIONS,
    ("worker", "assembly.committed"): REVISIONS,
    ("worker", "assemble.announced"): REVISIONS,
    ("worker", "assemble.due"): (kinds.image_and_seg,),
    ("worker", "measurement.read"): MEASURED,
    ("worker", "measurement.values_written"): REVISIONS,
    ("worker", "measurement.advanced"): MEASURED,
    ("worker", "measurement.committed"): MEASURED,
    ("worker", "measure.announced"): REVISIONS,
    ("worker", "patient_events.written"): (*FACTS, *REJECTIONS, *IDENTITY),
    ("worker", "rejecting.written"): REJECTIONS,
    ("worker", "audit.written"): (*FACTS, *REJECTIONS, *IDENTITY),
    ("worker", "patient_events.committed"): (*FACTS, *REJECTIONS, *IDENTITY),
    ("worker", "identity.numbered"): IDENTITY,
    ("worker", "identity.accepted"): IDENTITY,
    ("worker", "identity.held"): IDENTITY,
    ("worker", "identity.changed"): IDENTITY,
    ("worker", "identity.folded"): IDENTITY,
    ("worker", "identity.ended"): IDENTITY,
    ("worker", "identity.applied"): IDENTITY,
    ("worker", "reconcile.computed"): FOLDS,
    ("worker", "reconcile.sent"): FOLDS,
    ("worker", "reconcile.locked"): FOLDS,
    ("worker", "reconcile.ended"): (*FOLDS, *IDENTITY),
    ("worker", "reconcile.written"): (*FOLDS, *IDENTITY),
    ("worker", "reconcile.moved"): (*FOLDS, *IDENTITY),
    ("worker", "reconcile.written_all"): FOLDS,
    ("worker", "reconcile.committed"): FOLDS,
    ("worker", "forecast.done"): (*FOLDS, *IDENTITY),
    ("worker", "forecast.announced"): (*FOLDS, *IDENTITY),
    ("worker", "explain.computed"): (kinds.sr,),
    ("worker", "explain.written"): (kinds.sr,),
    ("worker", "sweep.leading"): (kinds.sr, kinds.no_bell),
    ("worker", "sweep.finalised"): (kinds.old_revision,),
    ("worker", "sweep.found"): (kinds.no_bell,),
    ("worker", "sweep.rung"): (kinds.no_bell,),
}

FOUND_AT_START = {kinds.leftover, kinds.died_with, kinds.killed_twice}
"""What was there before the part starts, with enough in it to reach each point twice."""
FOLLOWING_SECONDS = 30
"""A point that is reached after everything stands, at an acknowledgement or a sweep, is reached by then."""
AT_START = {"key.written", "key.named", "weights.copied", "weights.kept"}
"""Reached by a worker that starts, before anything is delivered."""
ONCE = {"key.written", "key.named"}
"""Reached once in the life of a service: there is no second time to crash at."""


@dataclass(frozen=True)
class Crash:
    """One line of the table: `part` ends where it reaches `point` in traffic of one kind."""

    part: str
    point: str
    scenario: Scenario

    def __str__(self) -> str:
        return f"{self.part}-{self.point}-{self.scenario.__name__}"

    @property
    def counts(self) -> tuple[int, ...]:
        """At which time of reaching the point the part ends."""
        return (1,) if self.point in ONCE else (1, 2)

    def happens(self, crashing: Crashing, count: int) -> None:
        """Deliver until the part has ended, start it again, and see that nothing is lost, doubled or wrong."""
        crashing.clear()
        if self.point in ONCE:
            crashing.settings.pseudonym_key_file.unlink()
        settings = _settings(crashing, self.point)
        crashing.start(OTHER[self.part], **settings)
        early = self.scenario in FOUND_AT_START
        delivered = [self._deliver(crashing)] if early else []
        crashing.start(self.part, f"{self.point}:{count}", **settings)
        deliveries = 0 if self.point in AT_START else 1 if early else count
        while not self._ends(crashing, delivered, last=len(delivered) == deliveries):
            assert len(delivered) < deliveries, f"{self.point} was not reached {count} times"
            delivered.append(self._deliver(crashing))
        crashing.start(self.part, **settings)
        for case, _ in delivered:
            case.send_again()
        delivered = delivered or [self._deliver(crashing)]
        wait_until(lambda: _stands(crashing, delivered), SETTLE_SECONDS)
        assert_sound(crashing.connection)

    def _deliver(self, crashing: Crashing) -> Delivery:
        case = Case(crashing)
        return case, self.scenario(case)

    def _ends(self, crashing: Crashing, delivered: Sequence[Delivery], last: bool) -> bool:
        """Whether the part ends before all that was delivered stands; after the last, steps that follow count too."""
        wait_until(lambda: crashing.crashed(self.part) or _stands(crashing, delivered), SETTLE_SECONDS)
        if last:
            with suppress(AssertionError):
                wait_until(lambda: crashing.crashed(self.part), FOLLOWING_SECONDS)
        return crashing.crashed(self.part)


def _settings(crashing: Crashing, point: str) -> dict[str, object]:
    """What a point needs to be reached: an archive on another file system, a scan that has to wait for its time."""
    needed = {
        "archive.file_copied": {"archive_dir": crashing.elsewhere},
        "assemble.due": {"association_wait_seconds": 5.0},
    }
    return needed.get(point, {})


def _stands(crashing: Crashing, delivered: Sequence[Delivery]) -> bool:
    return all(holds() for _, holds in delivered) and crashing.settled()


def crashes() -> Iterator[Crash]:
    """Every line of the table."""
    for (part, point), scenarios in TABLE.items():
        for scenario in scenarios:
            yield Crash(part, point, scenario)
