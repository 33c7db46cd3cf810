"""The small worlds that are searched, and what each safeguard is good for: claims that the searches must bear out."""

from typing import NamedTuple

from tests.protocol.bad import (
    BLIND_SPOT,
    DEADLOCK,
    NOT_THE_FOLD,
    NUISANCES,
    TWICE,
    TWICE_IN_LEDGER,
    UNFOLDED,
    WORKER_ENDS,
)  # fmt: skip
from tests.protocol.facts import Fact, IdentityEvent
from tests.protocol.moment import ACTIVATION, PROMOTION, World
from tests.protocol.search import Found, search

A1, A2, B1 = Fact("scan", "a1", "A", day=1), Fact("scan", "a2", "A", day=2), Fact("scan", "b1", "B", day=3)
A1_AGAIN = A1._replace(revision=2)
A1_REJECTED, A2_REJECTED = Fact("rejection", "a1", "A"), Fact("rejection", "a2", "A")
TREATMENT = Fact("treatment", "t", "A", day=1)
A_TO_B, B_TO_A, UNDONE = (
    IdentityEvent("merge", "A", "B"),
    IdentityEvent("merge", "B", "A"),
    IdentityEvent("unmerge", "A"),
)
A1_TO_B, A1_TO_C = IdentityEvent("move", "a1", "B"), IdentityEvent("move", "a1", "C")


def world(name: str, *to_come: Fact | IdentityEvent | str, stands: tuple[Fact, ...] = (), batch: int = 1) -> World:
    """A world with all safeguards."""
    return World(name, frozenset(to_come), stands, batch)


ONE = world("one scan", A1)
LATE = world("a late scan, and a rejection of the one that stands", A1, A2_REJECTED, stands=(A2,))
BATCH = world("scans of two patients, taken together", A1, B1, batch=2)
MERGE = world("a merge while a scan comes", A1, A_TO_B)
TREATED = world("a merge while a treatment comes", TREATMENT, A_TO_B)
MOVE = world("a move of a scan that may not be there yet", A1, A1_TO_B)
UNDO = world("a merge and its undoing", A_TO_B, UNDONE, stands=(A1,))
CROSSED = world("two merges that exclude each other", A_TO_B, B_TO_A, stands=(A1,))
MOVES = world("two moves of one scan", A1_TO_B, A1_TO_C, stands=(A1,))
PROMOTED = world("new weights while a scan comes", A1, ACTIVATION, PROMOTION)
PROMOTED_IN_MERGE = world("new weights during a merge", A_TO_B, ACTIVATION, PROMOTION, stands=(A1,))

WORLDS = (
    ONE, LATE, BATCH, MERGE, TREATED, MOVE, UNDO, CROSSED, MOVES, PROMOTED, PROMOTED_IN_MERGE,
)  # fmt: skip
LARGE = (
    world("a new revision, and a rejection of the old one", A1_AGAIN, A1_REJECTED, stands=(A1,)),
    world("a late scan and another patient's, taken together", A1, B1, stands=(A2,), batch=2),
    world("new weights while a late scan comes", A1, ACTIVATION, PROMOTION, stands=(A2,)),
    world("a merge and its undoing while a scan comes", A_TO_B, UNDONE, A1),
    world("two merges that exclude each other while a scan comes", A_TO_B, B_TO_A, A1, stands=(B1,)),
    world("two moves of a scan that may not be there yet", A1_TO_B, A1_TO_C, A1),
    world("a merge while two scans come", A1, A2, A_TO_B),
)
"""Searched when the page is written, not by every run of the tests."""


class Claim(NamedTuple):
    """Without `removed`, `wrong` comes about in `world`."""

    removed: tuple[str, ...]
    world: World
    wrong: str

    def found(self) -> Found:
        """The shortest way to something wrong; past mere nuisances, unless the claim is about one."""
        return search(self.world.without(*self.removed), NUISANCES - {self.wrong})


class Idle(NamedTuple):
    """Without `removed` what stands stays true, because something else holds; `worlds` are where it could matter."""

    removed: tuple[str, ...]
    because: str
    worlds: tuple[World, ...]

    def found(self, world: World) -> Found:
        """Nothing wrong is to be found in `world`."""
        return search(world.without(*self.removed))


NEEDED = (
    Claim(("sweep",), MERGE, UNFOLDED),
    Claim(("version_before_facts",), LATE, NOT_THE_FOLD),
    Claim(("active_weights_check",), PROMOTED, BLIND_SPOT),
    Claim(("recheck_placement",), MOVE, NOT_THE_FOLD),
    Claim(("numbered_under_lock",), UNDO, NOT_THE_FOLD),
    Claim(("identity_order",), UNDO, NOT_THE_FOLD),
    Claim(("identity_exclusive",), MOVE, NOT_THE_FOLD),
    Claim(("both_heads_in_one_transaction",), UNDO, NOT_THE_FOLD),
    Claim(("promotion_waits",), PROMOTED, BLIND_SPOT),
    Claim(("promotion_exclusive",), PROMOTED, BLIND_SPOT),
)
"""Without one of these, what stands is not true."""
SPARING = (
    Claim(("version_check",), ONE, WORKER_ENDS),
    Claim(("version_before_standing",), ONE, WORKER_ENDS),
    Claim(("heads_locked",), ONE, WORKER_ENDS),
    Claim(("heads_sorted",), BATCH, DEADLOCK),
)
"""Without one of these a worker or a transaction ends for nothing, but what stands stays true."""
IDLE = (
    Idle(("record_kept", "ack_after_commit", "kafka_durable"), "the sweep rings for whatever lost its bell",
         (MERGE, PROMOTED)),
    Idle(("ring_again",), "the sweep finds what was left out", (MERGE, PROMOTED)),
    Idle(("not_absorbed",), "the merge moved the head on, and the version check sees that", (TREATED, CROSSED)),
    Idle(("every_head_moves_on",), "the checks see what was absorbed or moved", (TREATED, CROSSED)),
    Idle(("unique_indexes",), "the checks let nothing through that they would refuse", (UNDO, MOVES)),
    Idle(("facts_before_standing",), "the version, read before both, guards what stands", (MERGE, PROMOTED)),
)  # fmt: skip
"""Without these nothing goes wrong, as long as another holds."""
TOGETHER = (
    Claim(("sweep", "record_kept"), LATE, UNFOLDED),
    Claim(("sweep", "ack_after_commit"), LATE, UNFOLDED),
    Claim(("sweep", "kafka_durable"), LATE, UNFOLDED),
    Claim(("sweep", "ring_again"), LATE, UNFOLDED),
    Claim(("not_absorbed", "every_head_moves_on"), TREATED, NOT_THE_FOLD),
    Claim(("version_check", "unique_indexes"), ONE, TWICE_IN_LEDGER),
    Claim(("version_before_standing", "unique_indexes"), ONE, TWICE),
    Claim(("heads_locked", "unique_indexes"), ONE, TWICE_IN_LEDGER),
)
"""Each holds while the other does; without both, what stands is not true."""
