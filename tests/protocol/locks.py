"""Locks of a transaction: identity first, shared or exclusive, then heads in ascending order (docs/protocol.md 9)."""

from tests.protocol.moment import IDENTITY, Worker, World

SHARED, EXCLUSIVE = "identity (shared)", "identity (exclusively)"


def wanted_locks(me: Worker, world: World) -> tuple[str, ...]:
    """All that the transaction needs, in the order in which it asks for them."""
    exclusive = me.hand == (IDENTITY,) and "identity_exclusive" in world.safeguards
    heads = [f"the head of {line.patient}" for line in me.lines] if "heads_locked" in world.safeguards else []
    ordered = sorted(heads) if "heads_sorted" in world.safeguards else heads
    return EXCLUSIVE if exclusive else SHARED, *ordered


def free(lock: str, other: Worker) -> bool:
    """Whether the other worker lets us have it."""
    match lock:
        case "identity (exclusively)":
            return not other.locks
        case "identity (shared)":
            return EXCLUSIVE not in other.locks
    return lock not in other.locks


def waits(me: Worker, other: Worker, world: World) -> bool:
    """Whether `me` stands still until `other` lets go of a lock."""
    return me.stage in ("lock", "lock identity") and not free(wanted_locks(me, world)[len(me.locks)], other)
