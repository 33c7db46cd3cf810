"""One moment of the whole service: its tables, the bells in Kafka, and where its two workers are."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.protocol.facts import Events, Fact, IdentityEvent, Row, own_facts, rows_wanted

SAFEGUARDS: Mapping[str, str] = {
    "record_kept": "a sender keeps its record until the row is durable and the bell has rung",
    "ack_after_commit": "a bell is acknowledged after the commit, not when it is fetched",
    "kafka_durable": "Kafka keeps the bells it was given",
    "sweep": "the sweep rings for what was accepted and waits",
    "version_before_facts": "the version of the head is read before the facts",
    "version_before_standing": "the version of the head is read before what stands",
    "facts_before_standing": "the facts are read before what stands",
    "heads_locked": "the heads are locked from the checks to the commit",
    "heads_sorted": "heads are locked in ascending order",
    "version_check": "under the lock: the version is still the one that was read",
    "active_weights_check": "under the lock: the same weights are active",
    "not_absorbed": "under the lock: the timeline was not absorbed",
    "recheck_placement": "under the lock: every newly placed scan still resolves to this timeline",
    "ring_again": "what the checks left out is taken again",
    "unique_indexes": "unique indexes on the ledger, on the versions of folds and on what stands",
    "numbered_under_lock": "an identity event gets its number under the exclusive identity lock",
    "identity_order": "identity events take effect in the order of their numbers",
    "identity_exclusive": "an identity event takes effect under the exclusive identity lock",
    "every_head_moves_on": "an identity event folds every head that it touches, whether anything changes there or not",
    "both_heads_in_one_transaction": "an identity event and the folds of all heads that it touches are one transaction",
    "promotion_waits": "a promotion is refused while a standing scan lacks a state of the new weights",
    "promotion_exclusive": "a promotion runs under the exclusive identity lock",
}
"""What holds the promise up (docs/protocol.md 1-4 and 10); each can be taken away."""

Bell = Fact | str
"""A doorbell names the fact that it was rung for, or says IDENTITY: an identity event waits."""
IDENTITY = "identity"
ACTIVATION, PROMOTION = "the activation of w2", "the promotion of w2"


class World(NamedTuple):
    """What stands at the beginning, and what comes, in any order and at any moment."""

    name: str
    to_come: frozenset[Fact | IdentityEvent | str]
    stands: tuple[Fact, ...] = ()
    batch: int = 1  # bells that a worker takes at once, at most
    safeguards: frozenset[str] = frozenset(SAFEGUARDS)

    def without(self, *removed: str) -> "World":
        """The same world with these safeguards taken away."""
        return self._replace(safeguards=self.safeguards - set(removed))


class Line(NamedTuple):
    """What a worker has read of one timeline, then what it is going to write there."""

    patient: str
    version: int = 0
    active: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    unseen: tuple[Fact, ...] = ()  # not in the ledger
    stands: frozenset[Row] = frozenset()
    ended: frozenset[Row] = frozenset()
    written: frozenset[Row] = frozenset()

    @property
    def changes(self) -> bool:
        return bool(self.ended or self.written or self.unseen)


class Worker(NamedTuple):
    """Where a worker is in its routine, and all that its memory holds."""

    stage: str = "idle"
    hand: tuple[Bell, ...] = ()
    owns: bool = False  # the offsets of the bells in hand are its own to commit; if it dies, they are delivered again
    event: IdentityEvent | None = None
    lines: tuple[Line, ...] = ()
    locks: tuple[str, ...] = ()
    under_lock: bool = False  # it reads and computes under the locks, for checks failed before
    left_out: bool = False  # checks failed for some of its lines


class Moment(NamedTuple):
    """Everything there is."""

    to_come: frozenset[Fact | IdentityEvent | str]
    facts: frozenset[Fact]
    events: Events  # in the order of their numbers
    uncommitted: frozenset[IdentityEvent]  # have a number, but nobody sees them yet
    applied: Events  # in the order in which they took effect
    active: tuple[str, ...]  # weights
    lead: str
    heads: tuple[tuple[str, int], ...]  # patient, version
    folds: tuple[tuple[str, int], ...]
    ledger: tuple[Fact, ...]
    rows: tuple[Row, ...]  # what stands
    bells: frozenset[Bell]
    workers: tuple[Worker, Worker] = (Worker(), Worker())

    def version(self, patient: str) -> int:
        """Of the head; 0 where there is none yet."""
        return dict(self.heads).get(patient, 0)

    def waiting(self) -> Events:
        """Identity events that are accepted and have not taken effect."""
        return tuple(event for event in self.events if event not in self.applied and event not in self.uncommitted)

    def after(self, event: IdentityEvent | None) -> "Moment":
        """With the alias or assignment of `event`; nothing is folded yet."""
        known = event is None or event in self.applied
        return self if known else self._replace(applied=(*self.applied, event))

    def without_state(self, weights: str) -> set[Fact]:
        """Standing scans that have no standing state of `weights`."""
        scans = {row.history[0] for row in self.rows if row.places_scan}
        return scans - {row.history[-1] for row in self.rows if row.table == weights}

    def identity_locked(self) -> bool:
        """Nobody holds any lock without holding this one, shared or exclusively."""
        return any(worker.locks for worker in self.workers)

    def folded(self, lines: Iterable[Line]) -> "Moment":
        """The tables after one transaction: end rows, write rows, ledger, folds, and the heads move on."""
        lines = tuple(lines)
        new = [(line.patient, line.version + 1) for line in lines]
        stay = [row for row in self.rows if not any(row in line.ended for line in lines)]
        return self._replace(
            heads=tuple(sorted({**dict(self.heads), **dict(new)}.items())),
            folds=tuple(sorted([*self.folds, *new])),
            ledger=tuple(sorted([*self.ledger, *(fact for line in lines for fact in line.unseen)])),
            rows=tuple(sorted([*stay, *(row for line in lines for row in line.written)])),
        )

    def doubles(self) -> bool:
        """Whether there are rows that a unique index keeps apart."""
        keys = [row.key for row in self.rows]
        return any(len(set(many)) < len(many) for many in (self.ledger, self.folds, keys))


def beginning(world: World) -> Moment:
    """What stands was folded once for each patient; nothing else has happened yet."""
    facts = frozenset(world.stands)
    patients = sorted({fact.received_as for fact in facts})
    rows = [row for patient in patients for row in rows_wanted(patient, own_facts(patient, facts, ()), ("w1",))]
    first = tuple((patient, 1) for patient in patients)
    return Moment(
        to_come=world.to_come, facts=facts, events=(), uncommitted=frozenset(), applied=(), active=("w1",), lead="w1",
        heads=first, folds=first, ledger=tuple(sorted(facts)), rows=tuple(sorted(rows)), bells=frozenset(),
    )  # fmt: skip
