"""A worker takes bells, reads, computes, locks, checks, writes, acknowledges, and may fail between any two of these.

What it does in one stage happens at once; between two stages come the other worker, senders, operators and faults. A
zombie is a worker that goes on after it lost its partitions: nothing keeps it from doing so.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations

from tests.protocol.facts import heads_touched, own_facts, root, rows_wanted, timeline_of
from tests.protocol.locks import waits, wanted_locks
from tests.protocol.moment import IDENTITY, Line, Moment, Worker, World

Step = tuple[str, Moment, Worker]
"""What the worker does, in words; the moment after it; the worker after it."""


def work(now: Moment, number: int, world: World) -> Iterator[tuple[str, Moment]]:
    """All that worker `number` may do or suffer next."""
    me, other = now.workers[number], now.workers[1 - number]
    steps = [] if waits(me, other, world) else STAGES[me.stage](now, me, other, world)
    for words, after, worker in (*steps, *fail(now, me)):
        yield words, after._replace(workers=(worker, other) if number == 0 else (other, worker))


def fail(now: Moment, me: Worker) -> Iterator[Step]:
    """Every fault, at every stage."""
    if me.stage == "idle":
        return
    delivered_again = now._replace(bells=now.bells | set(me.hand)) if me.owns else now
    yield "dies", delivered_again, Worker()
    if me.owns:
        yield "is stopped and loses its partitions", delivered_again, me._replace(owns=False)
    if me.stage not in ("done", "refused"):
        yield "loses its connection", now, again(me)


def again(me: Worker, under_lock: bool = False) -> Worker:
    """From the beginning, with the same bells in hand: what it read, computed and locked is gone."""
    return Worker("resolve", me.hand, me.owns, under_lock=under_lock)


def done(me: Worker) -> Worker:
    return Worker("done", me.hand, me.owns)


def take(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """One bell, or several up to the size of a batch; those of identity events alone."""
    # the order in hand counts only where it becomes the order of locks
    chosen = combinations if "heads_sorted" in world.safeguards else permutations
    for size in range(1, world.batch + 1):
        for hand in chosen(sorted(now.bells, key=str), size):
            if size == 1 or IDENTITY not in hand:
                left = now._replace(bells=now.bells - set(hand))
                yield f"takes {bells(hand)}", left, Worker("resolve", hand, "ack_after_commit" in world.safeguards)


def acknowledge(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """A worker that lost its partitions acknowledges in vain: the bell was delivered again."""
    yield f"acknowledges {bells(me.hand)}", now, Worker()


def resolve(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """Which timelines do the named facts stand on?"""
    if me.hand == (IDENTITY,):
        yield "opens a transaction", now, me._replace(stage="lock identity")
        return
    lines = tuple(map(Line, dict.fromkeys(timeline_of(bell, now.applied) for bell in me.hand)))
    stage = "lock" if me.under_lock else reading_order(world)[0]
    yield f"resolves to {timelines(lines)}", now, me._replace(stage=stage, lines=lines)


def read(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """Version, facts, what stands: each a statement of its own. After the last, compute, outside any lock."""
    lines, order = tuple(READERS[me.stage](now, line) for line in me.lines), reading_order(world)
    if me.stage != order[-1]:
        following = order[order.index(me.stage) + 1]
        yield f"reads {me.stage}", now, me._replace(stage=following, lines=lines)
        return
    lines = tuple(line for line in map(computed, lines) if line.changes)
    following = me._replace(stage="check" if me.under_lock else "lock", lines=lines) if lines else done(me)
    yield f"reads {me.stage} and computes {timelines(lines)}", now, following


def reading_order(world: World) -> tuple[str, str, str]:
    if "version_before_facts" not in world.safeguards:
        return "facts", "version", "what stands"
    if "version_before_standing" not in world.safeguards:
        return "what stands", "version", "facts"
    if "facts_before_standing" not in world.safeguards:
        return "version", "what stands", "facts"
    return "version", "facts", "what stands"


def read_version(now: Moment, line: Line) -> Line:
    return line._replace(version=now.version(line.patient), active=now.active)


def read_facts(now: Moment, line: Line) -> Line:
    facts = own_facts(line.patient, now.facts, now.applied)
    return line._replace(facts=facts, unseen=tuple(fact for fact in facts if fact not in now.ledger))


def read_standing(now: Moment, line: Line) -> Line:
    return line._replace(stands=frozenset(row for row in now.rows if row.patient == line.patient))


READERS = {"version": read_version, "facts": read_facts, "what stands": read_standing}


def computed(line: Line) -> Line:
    """End what stands and should not, write what should and does not; what was read is not needed any longer."""
    wanted = rows_wanted(line.patient, line.facts, line.active)
    ended, written = line.stands - wanted, wanted - line.stands
    return line._replace(facts=(), stands=frozenset(), ended=ended, written=written)


def lock(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """The next lock that is wanted."""
    locks = wanted_locks(me, world)[: len(me.locks) + 1]
    yield f"locks {locks[-1]}", now, with_all_locks(me._replace(locks=locks), world)


def with_all_locks(me: Worker, world: World) -> Worker:
    """Go on to the next stage where no lock is missing."""
    if len(me.locks) < len(wanted_locks(me, world)):
        return me
    after = reading_order(world)[0] if me.under_lock else "check"
    return me._replace(stage="fold" if me.event else after)


def check(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """Is what was computed still true? Timelines for which it is not are left out."""
    good = tuple(line for line in me.lines if still_true(now, line, world))
    left_out = len(good) < len(me.lines) and "ring_again" in world.safeguards
    if good:
        yield f"may write {timelines(good)}", now, me._replace(stage="write", lines=good, left_out=left_out)
    elif left_out:
        yield "must compute again", now, again(me)
        yield "must compute again, under the locks", now, again(me, under_lock=True)
    else:
        yield "may write nothing", now, done(me)


def still_true(now: Moment, line: Line, world: World) -> bool:
    """docs/protocol.md 2."""
    placed = [row.history[0] for row in line.written if row.places_scan]
    checks = {
        "version_check": now.version(line.patient) == line.version,
        "active_weights_check": now.active == line.active,
        "not_absorbed": root(line.patient, now.applied) == line.patient,
        "recheck_placement": all(timeline_of(scan, now.applied) == line.patient for scan in placed),
    }
    return all(holds for name, holds in checks.items() if name in world.safeguards)


def write(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """One transaction: all of it or nothing, and the worker may never learn which."""
    together = me.event is None or "both_heads_in_one_transaction" in world.safeguards
    lines, rest = (me.lines, ()) if together else (me.lines[:1], me.lines[1:])
    after = now.after(me.event).folded(lines)
    if "unique_indexes" in world.safeguards and after.doubles():
        yield "is refused by a unique index", now, Worker("refused", me.hand, me.owns)
        return
    if rest:
        fresh = tuple(Line(line.patient) for line in rest)
        yield "commits a part", after, Worker(reading_order(world)[0], me.hand, me.owns, lines=fresh)
    else:
        yield "commits", after, again(me) if me.event or me.left_out else done(me)
    yield "commits, but the answer never comes", after, again(me)


def refused(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """An error that nobody expects: all that it can do is die, as it may at any stage."""
    yield from ()


def lock_identity(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    locks = wanted_locks(me, world)[:1]
    yield f"locks {locks[0]}", now, me._replace(stage="choose", locks=locks)


def choose(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """The first identity event that waits, and the heads that it touches; none where it is refused."""
    waiting = now.waiting()
    if not waiting:
        yield "finds nothing that waits", now, done(me)
    for event in waiting[:1] if "identity_order" in world.safeguards else waiting:
        lines = tuple(map(Line, sorted(heads_touched(event, now.facts, now.applied))))
        chosen = me._replace(stage="lock", event=event, lines=lines)
        yield f"finds that {event} touches {timelines(lines)}", now, with_all_locks(chosen, world)


def fold(now: Moment, me: Worker, other: Worker, world: World) -> Iterator[Step]:
    """Under all locks: read and compute every head as it will be with the event."""
    then = now.after(me.event)
    lines = (computed(read_standing(then, read_facts(then, read_version(then, line)))) for line in me.lines)
    lines = tuple(line for line in lines if line.changes or "every_head_moves_on" in world.safeguards)
    yield f"reads and computes {timelines(lines)}", now, me._replace(stage="write", lines=lines)


def bells(hand: Sequence[object]) -> str:
    return "the bell of " + " and ".join(map(str, hand))


def timelines(lines: Sequence[Line]) -> str:
    return " and ".join(line.patient for line in lines) or "nothing"


STAGES: dict[str, Callable[[Moment, Worker, Worker, World], Iterator[Step]]] = {
    "idle": take, "resolve": resolve, "version": read, "facts": read, "what stands": read, "lock": lock,
    "check": check, "write": write, "done": acknowledge, "refused": refused,
    "lock identity": lock_identity, "choose": choose, "fold": fold,
}  # fmt: skip
