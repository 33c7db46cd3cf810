"""When a scan is complete, and what its next revision is made of: decided from what was gathered, without a database.

INTERFACES 4: a report alone is complete at once, so is what its sender counted; any other scan when the associations
that touched it have ended plus a wait, or after quiet time. Evidence that nothing is missing makes a revision final.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stream.services.assembling.withdrawals import Withdrawal

FINAL = ("single_sr", "counts", "series_list", "references")
"""Words of completeness that are evidence; the others only say that nothing more came."""


@dataclass(frozen=True)
class Rules:
    """How long to wait for more of a scan, and which series every scan must have (casefolded names)."""

    association_wait: dt.timedelta
    quiet: dt.timedelta
    required_series: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Instance:
    """What assembling needs to know of an instance; `expected_*` as its sender announced."""

    instance_uid: str
    content_sha256: str
    kind: str
    acquired_at: dt.datetime
    referenced: tuple[str, ...]
    series_uid: str | None = None
    series_description: str | None = None
    expected_instances: int | None = None
    expected_series: int | None = None
    expected_in_series: int | None = None


@dataclass(frozen=True)
class Gathered:
    """A scan with everything accepted for it.

    `made_of`: the instances of each revision; `withdrawn`: the instances that do not count, with what took them back;
    `undone`: what once took an instance back and no longer does; `elsewhere`: instances it refers to in other scans.
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

    @property
    def in_no_revision(self) -> frozenset[str]:
        """Instances that have not come to an end yet."""
        return _uids(self.instances).difference(*self.made_of.values())

    @property
    def counting(self) -> tuple[Instance, ...]:
        """What is not withdrawn; nothing where only notes are left of a scan that had more."""
        left = tuple(one for one in self.instances if one.instance_uid not in self.withdrawn)
        return left if _findings(left) or not _findings(self.instances) else ()


def to_make(scan: Gathered) -> list[tuple[Instance, ...]]:
    """The revisions `scan` needs next: none where its newest one is made of all that counts.

    What is withdrawn before any revision had it gets one of all there is, to be taken down at once: every accepted
    instance comes to an end, and the revision above holds what counts.
    """
    counting, fresh = scan.counting, scan.in_no_revision
    doomed = bool(fresh & scan.withdrawn.keys()) or (fresh and not counting)
    made = [scan.instances] if doomed else []
    newest = _uids(scan.instances) if doomed else scan.made_of.get(scan.revision, frozenset())
    return [*made, counting] if counting and _uids(counting) != newest else made


def due(scan: Gathered, rules: Rules) -> tuple[dt.datetime, str] | None:
    """When the next revision of `scan` is complete, and why; None where there is nothing to make."""
    if not to_make(scan):
        return None
    found = evidence(scan, rules)
    ended = scan.open_associations == 0 and scan.last_closed_at is not None
    why = found or ("association_end" if ended else "quiet")
    # more than was announced: the announcement is no longer a reason to hurry; less than before: nothing to wait for
    if found == "single_sr" or (found == "counts" and _as_announced(scan)) or not scan.in_no_revision:
        return scan.last_received_at, why
    if ended:
        return max(scan.last_closed_at, scan.last_received_at) + rules.association_wait, why
    return scan.last_received_at + rules.quiet, why


def evidence(scan: Gathered, rules: Rules) -> str | None:
    """The strongest evidence that nothing of `scan` is missing, in the words of INTERFACES 4; None without any."""
    findings = _findings(scan.counting or scan.instances)
    named = {(one.series_description or "").casefold() for one in scan.instances}
    if len(findings) == 1 and findings[0].kind == "sr":
        return "single_sr"
    if any(all(said is not None and said <= held for said, held in way) for way in _announced(scan.instances)):
        return "counts"
    if rules.required_series and rules.required_series <= named:
        return "series_list"
    return "references" if _references_held(scan) else None


def acquired_at(instances: Sequence[Instance], held: Mapping[str, dt.datetime]) -> dt.datetime:
    """The earliest over the images; else over the images that are referred to, if `held`; else the study's date."""
    told = _findings(instances) or instances  # a note may name images of another day
    images = [one.acquired_at for one in told if one.kind == "image"]
    referenced = [held[uid] for one in told for uid in one.referenced if uid in held]
    return min(images or referenced or [one.acquired_at for one in told])


def _announced(instances: Sequence[Instance]) -> list[list[tuple[int | None, int]]]:
    """(announced, held) by study (0020,1208), and by series: how many (0020,1206), and each one's size (0020,1209)."""
    series: dict[str | None, list[Instance]] = {}
    for one in instances:
        series.setdefault(one.series_uid, []).append(one)
    sizes = [(_most(one.expected_in_series for one in group), len(group)) for group in series.values()]
    return [
        [(_most(one.expected_instances for one in instances), len(instances))],
        [(_most(one.expected_series for one in instances), len(series)), *sizes],
    ]


def _as_announced(scan: Gathered) -> bool:
    return any(all(said == held for said, held in way) for way in _announced(scan.instances))


def _references_held(scan: Gathered) -> bool:
    """Whether reports and segmentations refer to instances of this study, all of which are here."""
    referring = [one for one in scan.instances if one.kind in ("sr", "seg")]
    needed = {uid for one in referring for uid in one.referenced} - scan.elsewhere
    return bool(needed) and needed <= _uids(scan.instances)


def _most(values: Iterable[int | None]) -> int | None:
    """A study that is still growing at its sender is announced anew with every file."""
    return max((value for value in values if value is not None), default=None)


def _findings(instances: Sequence[Instance]) -> list[Instance]:
    """All but notes about other instances."""
    return [one for one in instances if one.kind != "kos"]


def _uids(instances: Sequence[Instance]) -> frozenset[str]:
    return frozenset(one.instance_uid for one in instances)
