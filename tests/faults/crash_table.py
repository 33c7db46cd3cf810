"""Every crash point with the part that reaches it and the kinds of message that do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.faults import crash_scenarios as kinds
from tests.faults.crash_scenarios import Case, Holds
from tests.faults.crashing import SETTLE_SECONDS, Crashing
from tests.services.facts import assert_sound
from tests.waiting import wait_until

Scenario = Callable[[Case], Holds]
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
    ("gateway", "spool.record_written"): ALL_FILES,
    ("gateway", "spool.record_named"): ALL_FILES,
    ("gateway", "receiver.kept"): ALL_FILES,
    ("gateway", "receiver.association_ended"): FILES,
    ("gateway", "receiver.end_kept"): FILES,
    ("gateway", "key.written"): FILES,
    ("gateway", "key.named"): FILES,
    ("gateway", "archive.folder_made"): FILES,
    ("gateway", "archive.file_copied"): FILES,
    ("gateway", "archive.file_moved"): ALL_FILES,
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
    ("worker", "publisher.sent"): (*FILES, kinds.treatment, kinds.merge, kinds.no_bell),
    ("worker", "publisher.confirmed"): (*FILES, kinds.treatment, kinds.merge, kinds.no_bell),
    ("worker", "weights.copied"): (kinds.sr,),
    ("worker", "weights.kept"): (kinds.sr,),
    ("worker", "batch.taken"): MESSAGES,
    ("worker", "batch.handled"): MESSAGES,
    ("worker", "batch.acknowledged"): MESSAGES,
    ("worker", "letters.set_aside"): (kinds.unreadable,),
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
    ("worker", "sweep.leading"): (kinds.sr, kinds.no_bell),
    ("worker", "sweep.finalised"): (kinds.old_revision,),
    ("worker", "sweep.found"): (kinds.no_bell,),
    ("worker", "sweep.rung"): (kinds.no_bell,),
}

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
        if self.scenario is kinds.leftover:
            kinds.leave_files(crashing)
        settings = {"archive_dir": crashing.elsewhere} if self.point == "archive.file_copied" else {}
        crashing.start(OTHER[self.part], **settings)
        crashing.start(self.part, f"{self.point}:{count}", **settings)
        delivered = [self._deliver(crashing)]
        while not crashing.crashed(self.part):
            assert len(delivered) < count, f"{self.point} was not reached {count} times"
            delivered.append(self._deliver(crashing))
        crashing.start(self.part, **settings)
        for case, _ in delivered:
            case.send_again()
        wait_until(lambda: all(holds() for _, holds in delivered) and crashing.settled(), SETTLE_SECONDS)
        assert_sound(crashing.connection)

    def _deliver(self, crashing: Crashing) -> tuple[Case, Holds]:
        """Deliver once, until the part has ended or all of it stands."""
        case = Case(crashing)
        holds = self.scenario(case)
        wait_until(lambda: crashing.crashed(self.part) or (holds() and crashing.settled()), SETTLE_SECONDS)
        return case, holds


def crashes() -> Iterator[Crash]:
    """Every line of the table."""
    for (part, point), scenarios in TABLE.items():
        for scenario in scenarios:
            yield Crash(part, point, scenario)
