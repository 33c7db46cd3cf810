"""All interleavings of two workers: nothing is ever wrong, and every safeguard shows what it is good for."""

import pytest

from tests.protocol import bad, page
from tests.protocol.bad import NUISANCES, wrong, wrong_at_the_end
from tests.protocol.facts import Row
from tests.protocol.moment import ACTIVATION, SAFEGUARDS, Moment, Worker, World, beginning
from tests.protocol.search import search
from tests.protocol.worlds import (
    A1,
    A1_TO_B,
    A2,
    BATCH,
    IDLE,
    LATE,
    MERGE,
    NEEDED,
    SPARING,
    TOGETHER,
    WORLDS,
    Claim,
    Idle,
    world,
)  # fmt: skip


def without(claim: Claim | Idle) -> str:
    return " and ".join(claim.removed)


def name(one: World) -> str:
    return one.name


@pytest.mark.parametrize("one", WORLDS, ids=name)
def test_nothing_is_wrong_at_any_moment_of_any_interleaving(one: World) -> None:
    assert search(one).wrong is None


@pytest.mark.parametrize("claim", NEEDED, ids=without)
def test_without_this_safeguard_what_stands_is_not_true(claim: Claim) -> None:
    assert claim.found().wrong == claim.wrong


@pytest.mark.parametrize("claim", SPARING, ids=without)
def test_without_this_safeguard_a_worker_or_a_transaction_ends_for_nothing(claim: Claim) -> None:
    assert claim.found().wrong == claim.wrong


@pytest.mark.parametrize("claim", [claim for claim in SPARING if claim.world != BATCH], ids=without)
def test_the_unique_indexes_keep_the_truth_where_a_check_is_missing(claim: Claim) -> None:
    assert search(MERGE.without(*claim.removed), NUISANCES).wrong is None


@pytest.mark.parametrize("idle", IDLE, ids=without)
def test_without_this_safeguard_nothing_goes_wrong_because_another_holds(idle: Idle) -> None:
    assert [one.name for one in idle.worlds if idle.found(one).wrong] == []


@pytest.mark.parametrize("claim", TOGETHER, ids=without)
def test_without_both_safeguards_what_stands_is_not_true(claim: Claim) -> None:
    assert claim.found().wrong == claim.wrong


def test_where_nobody_is_merged_the_sweep_is_only_needed_for_lost_bells() -> None:
    assert search(LATE.without("sweep")).wrong is None
    assert search(MERGE.without("sweep")).wrong == bad.UNFOLDED


def test_every_safeguard_was_taken_away() -> None:
    taken_away = {name for claim in (*NEEDED, *SPARING, *IDLE) for name in claim.removed}
    assert taken_away == set(SAFEGUARDS)


PLACED, STATE = Row("placement", "A", (A1,)), Row("w1", "A", (A1,))
ALL_QUIET = beginning(world("a scan that stands", stands=(A1,)))


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        ({"ledger": (A1, A1)}, bad.TWICE_IN_LEDGER),
        ({"folds": (("A", 1), ("A", 1))}, bad.TWO_FOLDS),
        ({"heads": (("A", 2),)}, bad.GAP),
        ({"rows": (PLACED, STATE, PLACED._replace(patient="B"))}, bad.TWO_TIMELINES),
        ({"rows": (PLACED, STATE, STATE)}, bad.TWICE),
        ({"rows": (PLACED,)}, bad.NOT_THE_FOLD),
        ({"rows": (PLACED, STATE, Row("w1", "A", (A1, A2)))}, bad.NOT_THE_FOLD),
        ({"events": (A1_TO_B,), "applied": (A1_TO_B,)}, bad.NOT_THE_FOLD),
        ({"active": ("w1", "w2"), "lead": "w2"}, bad.BLIND_SPOT),
        ({"workers": (Worker(), Worker("refused"))}, bad.WORKER_ENDS),
        ({"facts": frozenset({A1, A2})}, bad.UNFOLDED),
        ({"events": (A1_TO_B,)}, bad.UNAPPLIED),
        ({"to_come": frozenset({ACTIVATION})}, bad.NOT_PROMOTED),
        ({"active": ("w1", "w2")}, bad.INCOMPLETE),
    ],
)
def test_what_is_wrong_is_seen(planted: dict[str, object], what: str) -> None:
    assert what not in everything_wrong(ALL_QUIET)
    assert what in everything_wrong(ALL_QUIET._replace(**planted))


def everything_wrong(now: Moment) -> set[str]:
    return {*wrong(now, LATE), *wrong_at_the_end(now)}


def test_the_page_says_what_is_found() -> None:
    text = page.FILE.read_text()
    rows = [*map(page.world_row, WORLDS), *map(page.claim_row, (*NEEDED, *SPARING, *TOGETHER))]
    assert [row for row in rows if row not in text] == []
    ways = ["\n".join(page.way(claim)) for claim in (*NEEDED, *SPARING, *TOGETHER)]
    assert [one for one in ways if one not in text] == []
