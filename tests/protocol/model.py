"""Every action that may come next: facts and decisions arrive, the sweep rings, Kafka fails, workers work and fail.

Faults need no budget: any action may follow any other for ever, and the search still ends because moments repeat.
"""

from collections.abc import Iterator

from tests.protocol.facts import Fact, IdentityEvent
from tests.protocol.moment import ACTIVATION, IDENTITY, Bell, Moment, World
from tests.protocol.worker import work

Action = tuple[str, Moment]
"""What happens, in words, and the moment after it."""


def actions(now: Moment, world: World) -> Iterator[Action]:
    """All that may happen next."""
    for coming in sorted(now.to_come, key=str):
        left = now._replace(to_come=now.to_come - {coming})
        if isinstance(coming, Fact):
            yield from _accept(left, coming, world)
        elif isinstance(coming, IdentityEvent):
            yield from _number(left, coming, world)
        elif coming == ACTIVATION:
            yield "w2 become active", left._replace(active=("w1", "w2"))
        else:
            yield from _promote(left, world)
    for event in sorted(now.uncommitted):
        visible = now._replace(uncommitted=now.uncommitted - {event})
        yield f"{event} becomes visible", _ring(visible, IDENTITY)
    yield from _sweep(now, world)
    if "kafka_durable" not in world.safeguards and now.bells:
        yield "Kafka loses its data", now._replace(bells=frozenset())
    for number in (0, 1):
        for words, after in work(now, number, world):
            yield f"worker {number + 1} {words}", after


def _ring(now: Moment, bell: Bell) -> Moment:
    return now._replace(bells=now.bells | {bell})


def _accept(now: Moment, fact: Fact, world: World) -> Iterator[Action]:
    """The row, then the bell. A sender that dies in between and kept its record rings later: a bell not taken yet."""
    accepted = now._replace(facts=now.facts | {fact})
    yield f"{fact} is accepted and its bell rung", _ring(accepted, fact)
    if "record_kept" not in world.safeguards:
        yield f"{fact} is accepted, then its sender dies for good", accepted


def _number(now: Moment, event: IdentityEvent, world: World) -> Iterator[Action]:
    """Number and commit at once under the exclusive lock; without it others may come between the two."""
    numbered = now._replace(events=(*now.events, event))
    if "numbered_under_lock" not in world.safeguards:
        yield f"{event} gets number {len(numbered.events)}", numbered._replace(uncommitted=now.uncommitted | {event})
    elif not now.identity_locked():
        yield f"{event} is accepted as number {len(numbered.events)} and a bell rung", _ring(numbered, IDENTITY)


def _promote(now: Moment, world: World) -> Iterator[Action]:
    may = "promotion_exclusive" not in world.safeguards or not now.identity_locked()
    complete = "promotion_waits" not in world.safeguards or not now.without_state("w2")
    if "w2" in now.active and may and complete:
        yield "w2 are promoted", now._replace(lead="w2")


def _sweep(now: Moment, world: World) -> Iterator[Action]:
    """Ring for facts that are not in the ledger, scans without a state of active weights, waiting identity events."""
    if "sweep" not in world.safeguards:
        return
    unfinished: set[Bell] = set(now.facts) - set(now.ledger)
    unfinished |= {fact for weights in now.active for fact in now.without_state(weights)}
    if now.waiting():
        unfinished.add(IDENTITY)
    for bell in sorted(unfinished - now.bells, key=str):
        yield f"the sweep rings for {bell}", _ring(now, bell)
