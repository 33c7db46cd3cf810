"""What was accepted and what follows from it: on whose timeline a fact stands, and which rows should stand for it."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import NamedTuple


class Fact(NamedTuple):
    """An append-only row. A rejection names a revision of a scan and takes down that one and all lower ones."""

    kind: str  # scan, treatment, rejection
    id: str
    received_as: str
    day: int = 0
    revision: int = 1

    def __str__(self) -> str:
        what = f"the rejection of {self.id}" if self.kind == "rejection" else f"{self.kind} {self.id}"
        return what + (f" revision {self.revision}" if self.revision > 1 else "")


class IdentityEvent(NamedTuple):
    """merge patient `subject` into `to`; unmerge `subject`; move scan `subject` to patient `to`."""

    kind: str
    subject: str
    to: str = ""

    def __str__(self) -> str:
        return f"the {self.kind} of {self.subject}" + (f" to {self.to}" if self.to else "")


class Row(NamedTuple):
    """A standing row: a placement, or the state of one weights version after a scan.

    Here a state *is* the history that it was folded over, so it is its own digest too.
    """

    table: str  # "placement", else the weights version
    patient: str
    history: tuple[Fact, ...]  # of a placement: the fact alone

    @property
    def key(self) -> tuple[str, str, str]:
        """No two may stand with the same one (docs/protocol.md 7)."""
        return self.table, self.history[-1].kind, self.history[-1].id

    @property
    def places_scan(self) -> bool:
        return self.table == "placement" and self.history[0].kind == "scan"


Events = tuple[IdentityEvent, ...]
"""Those that took effect, in the order in which they did: aliases and assignments follow from them."""


@cache
def aliases(applied: Events) -> Mapping[str, str]:
    """patient → the patient it was merged into: a tree, not compressed."""
    into: dict[str, str] = {}
    for number, event in enumerate(applied):
        if event.kind == "merge" and heads_touched(event, (), applied[:number]):
            into[event.subject] = event.to
        elif event.kind == "unmerge":
            into.pop(event.subject, None)
    return into


def root(patient: str, applied: Events) -> str:
    """The patient whose timeline `patient` lies on."""
    into = aliases(applied)
    while patient in into:
        patient = into[patient]
    return patient


@cache
def timeline_of(fact: Fact, applied: Events) -> str:
    """docs/protocol.md 3: root(assignment or received_as); only scans are moved, also those not received yet."""
    moves = [event.to for event in applied if (event.kind, event.subject) == ("move", fact.id)]
    return root(moves[-1] if moves and fact.kind != "treatment" else fact.received_as, applied)


def heads_touched(event: IdentityEvent, facts: Collection[Fact], applied: Events) -> set[str]:
    """The timelines that `event` changes, as things are; none where it cannot take effect and is refused."""
    below, above = root(event.subject, applied), root(event.to, applied)
    match event.kind:
        case "merge":
            return {event.subject, above} if below == event.subject != above else set()
        case "unmerge":
            return {event.subject, below} if below != event.subject else set()
        case _:
            return {timeline_of(fact, applied) for fact in facts if fact.id == event.subject} | {above}


@cache
def own_facts(patient: str, facts: frozenset[Fact], applied: Events) -> tuple[Fact, ...]:
    """The facts that belong to the timeline of `patient`: none once it is absorbed."""
    return tuple(sorted(fact for fact in facts if timeline_of(fact, applied) == patient))


def entries(own: Collection[Fact]) -> tuple[Fact, ...]:
    """The timeline: of each scan and treatment the highest revision, unless it was taken down, in order."""
    taken_down = {fact.id: fact.revision for fact in own if fact.kind == "rejection"}
    counts = [fact for fact in own if fact.kind != "rejection" and fact.revision > taken_down.get(fact.id, 0)]
    highest = {fact.id: fact for fact in sorted(counts, key=lambda fact: fact.revision)}
    return tuple(sorted(highest.values(), key=lambda fact: (fact.day, fact.kind, fact.id)))


@cache
def rows_wanted(patient: str, own: tuple[Fact, ...], active: tuple[str, ...]) -> frozenset[Row]:
    """What should stand for `patient`: a placement for each entry, a state for each scan and weights version."""
    line = entries(own)
    placements = [Row("placement", patient, (fact,)) for fact in line]
    states = [
        Row(weights, patient, line[:position])
        for weights in active
        for position, fact in enumerate(line, start=1)
        if fact.kind == "scan"
    ]
    return frozenset(placements + states)
