"""When a scan is complete, and what its next revision is made of: decided from what was gathered, without a database.

docs/interfaces.md 4: a report alone is complete at once, so is what its sender counted; any other scan when the
associations that touched it have ended plus a wait, or after quiet time. Evidence that nothing is missing makes a
revision final.

An example, with a wait of 2 s after associations and a quiet time of 30 s. A sender announces a study of three slices.
Two of them come, the last at 10:00:00, over an association that stays open: the scan will be complete at 10:00:30,
because it is quiet. The association ends at 10:00:05: now it will be complete at 10:00:07. The third slice comes at
10:00:06, over a new association: all that was announced is held, so revision 1 is made at once, because of the counts,
and is final. A fourth slice at 10:05:00 is more than was announced: it makes a revision 2 of all four, which waits for
the end of its association or for the quiet time.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stream.services.assembling.scan_time import ScanTime, findings, scan_time
from stream.storage.intake.assembly import Instance
from stream.storage.intake.withdrawals import Withdrawal
from stream.vocabulary import Completeness

FINAL = (Completeness.SINGLE_SR, Completeness.COUNTS, Completeness.SERIES_LIST, Completeness.REFERENCES)
"""Words of completeness that are evidence; the others only say that nothing more came."""


@dataclass(frozen=True)
class Rules:
    """How long to wait for more of a scan, and which series every scan must have (casefolded names)."""

    association_wait: dt.timedelta
    quiet: dt.timedelta
    required_series: frozenset[str] = frozenset()


class DueTime(NamedTuple):
    """When the next revision of a scan is complete, and why."""

    at: dt.datetime
    why: Completeness


@dataclass(frozen=True)
class GatheredScan:
    """A scan with everything accepted for it.

    `made_of`: the instances of each revision; `withdrawn`: the instances that do not count, with what took them back;
    `undone`: what once took an instance back and no longer does; `elsewhere`: instances it refers to in other scans;
    `image_dates`: of images it refers to, where it has none; `dated`: when its newest revision was acquired, None
    where that is rejected.
    """

    scan_uid: str
    received_as: str
    instances: tuple[Instance, ...]
    revision: int
    made_of: Mapping[int, frozenset[str]]
    last_received_at: dt.datetime
    open_associations: int
    last_closed_at: dt.datetime | None
    withdrawn: Mapping[str, Withdrawal] = field(default_factory=dict)
    undone: tuple[Withdrawal, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    image_dates: Mapping[str, dt.datetime] = field(default_factory=dict)
    dated: dt.datetime | None = None

    @property
    def instance_uids(self) -> frozenset[str]:
        """All instances by their names."""
        return _uids(self.instances)

    @property
    def references_elsewhere(self) -> frozenset[str]:
        """What its reports, segmentations and notes refer to and is not in this scan."""
        referring = [instance for instance in self.instances if instance.kind != "image"]
        return frozenset(uid for instance in referring for uid in instance.referenced) - self.instance_uids

    @property
    def in_no_revision(self) -> frozenset[str]:
        """Instances that have not come to an end yet."""
        return self.instance_uids.difference(*self.made_of.values())

    @property
    def counting(self) -> tuple[Instance, ...]:
        """What is not withdrawn; nothing where only notes are left of a scan that had more."""
        left = tuple(instance for instance in self.instances if instance.instance_uid not in self.withdrawn)
        return left if findings(left) or not findings(self.instances) else ()

    @property
    def is_misdated(self) -> bool:
        """Whether the images that it refers to have come, or come to agree, since its newest revision was dated."""
        return bool(self.dated and self.counting) and self.time_of(self.counting).at != self.dated

    def time_of(self, instances: Sequence[Instance]) -> ScanTime:
        """When a revision of these of its instances was acquired."""
        return scan_time(instances, self.image_dates)


def next_revisions(scan: GatheredScan) -> list[tuple[Instance, ...]]:
    """The revisions `scan` needs next: none where its newest one is made of all that counts, and of the right day.

    What is withdrawn before any revision had it gets one of all there is, to be taken down at once: every accepted
    instance comes to an end, and the revision above holds what counts.
    """
    counting, fresh = scan.counting, scan.in_no_revision
    doomed = bool(fresh & scan.withdrawn.keys()) or (fresh and not counting)
    revisions = [scan.instances] if doomed else []
    newest = scan.instance_uids if doomed else scan.made_of.get(scan.revision, frozenset())
    is_new = _uids(counting) != newest or scan.is_misdated
    return [*revisions, counting] if counting and is_new else revisions


def due(scan: GatheredScan, rules: Rules) -> DueTime | None:
    """When the next revision of `scan` is complete, and why; None where there is nothing to make."""
    if not next_revisions(scan):
        return None
    found = evidence(scan, rules)
    ended_at = scan.last_closed_at if scan.open_associations == 0 else None
    why = found or (Completeness.QUIET if ended_at is None else Completeness.ASSOCIATION_END)
    is_counted = found == Completeness.COUNTS and _as_announced(scan)
    # more than was announced: the announcement is no longer a reason to hurry; less than before: nothing to wait for
    if found == Completeness.SINGLE_SR or is_counted or not scan.in_no_revision:
        return DueTime(scan.last_received_at, why)
    if ended_at is not None:
        return DueTime(max(ended_at, scan.last_received_at) + rules.association_wait, why)
    return DueTime(scan.last_received_at + rules.quiet, why)


def evidence(scan: GatheredScan, rules: Rules) -> Completeness | None:
    """The strongest evidence that nothing of `scan` is missing (docs/interfaces.md 4); None without any."""
    found = findings(scan.counting or scan.instances)
    series = {(instance.series_description or "").casefold() for instance in scan.instances}
    if len(found) == 1 and found[0].kind == "sr":
        return Completeness.SINGLE_SR
    if any(all(count.is_reached for count in way) for way in _counts(scan.instances)):
        return Completeness.COUNTS
    if rules.required_series and rules.required_series <= series:
        return Completeness.SERIES_LIST
    return Completeness.REFERENCES if _has_references(scan) else None


class _Count(NamedTuple):
    """How many a sender announced, None where it did not say, and how many are here."""

    announced: int | None
    held: int

    @property
    def is_reached(self) -> bool:
        return self.announced is not None and self.announced <= self.held


def _counts(instances: Sequence[Instance]) -> list[list[_Count]]:
    """By study (0020,1208), and by series: how many of them (0020,1206), and the size of each (0020,1209)."""
    groups: dict[str | None, list[Instance]] = {}
    for instance in instances:
        groups.setdefault(instance.series_uid, []).append(instance)
    series = _Count(_most(instance.expected_series for instance in instances), len(groups))
    sizes = [_Count(_most(instance.expected_in_series for instance in group), len(group)) for group in groups.values()]
    return [[_Count(_most(instance.expected_instances for instance in instances), len(instances))], [series, *sizes]]


def _as_announced(scan: GatheredScan) -> bool:
    return any(all(count.announced == count.held for count in way) for way in _counts(scan.instances))


def _has_references(scan: GatheredScan) -> bool:
    """Whether reports and segmentations refer to instances of this study, all of which are here."""
    referring = [instance for instance in scan.instances if instance.kind in ("sr", "seg")]
    needed = {uid for instance in referring for uid in instance.referenced} - scan.elsewhere
    return bool(needed) and needed <= scan.instance_uids


def _most(values: Iterable[int | None]) -> int | None:
    """A study that is still growing at its sender is announced anew with every file."""
    return max((value for value in values if value is not None), default=None)


def _uids(instances: Sequence[Instance]) -> frozenset[str]:
    return frozenset(instance.instance_uid for instance in instances)
