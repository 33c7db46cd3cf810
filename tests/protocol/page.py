"""docs/reliability/protocol-model.md: what was searched and found, in words; every number in it is a search's."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from tests.protocol.bad import NUISANCES
from tests.protocol.moment import SAFEGUARDS, World
from tests.protocol.search import Found, search
from tests.protocol.worlds import IDLE, LARGE, NEEDED, SPARING, TOGETHER, WORLDS, Claim, Idle

FILE = Path(__file__).resolve().parents[2] / "docs" / "reliability" / "protocol-model.md"

INTRODUCTION = """# The protocol as a small model

`tests/protocol/` holds acceptance, bells, folds, identity events and promotion as a model in plain Python: `facts.py`
says what a timeline is, `moment.py` all that there is at one moment, `model.py` and `worker.py` every action that may
come next, `bad.py` what must never be. A breadth-first search looks at every moment that can be reached: at all
interleavings of two workers, with any number of deaths, cut connections, commits whose answer never comes, and
workers that go on after they lost their partitions (zombies).

`python -m tests.protocol` searches all of this in some minutes and writes this page. The test suite searches the
worlds but for the large ones, finds every way to something wrong again, and compares both with this page."""

BEYOND = """
## What is not in the model

More than two workers, and more than three things to come at once. The facts are read in one statement, and so is what
stands. A worker may compute under the locks after any failed check, not only after the second; that it gets through
in the end is not shown. Times, hashes, values, and the hops before a fact is a row are the subject of other tests."""


def write() -> None:
    """Search everything and write the page."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("\n".join(lines()) + "\n")


def lines() -> Iterator[str]:
    """The page."""
    yield INTRODUCTION
    yield "\n## With all safeguards\n"
    yield "What comes may come in any order and at any moment. Nothing is wrong at any moment of:\n"
    yield from table("world", "stands at first", "comes", "moments")
    yield from map(world_row, (*WORLDS, *LARGE))
    yield "\n## Needed: without one of these, what stands is not true\n"
    yield from table("without", "", "what goes wrong", "in the world", "after actions")
    yield from map(claim_row, NEEDED)
    yield "\n## Sparing: without one of these, a healthy worker or a transaction ends, but what stands stays true\n"
    yield from table("without", "", "what goes wrong", "in the world", "after actions", "moments, nothing else wrong")
    yield from (f"{claim_row(claim)} {all_worlds(claim.removed, NUISANCES)} |" for claim in SPARING)
    yield "\n## Idle: without these, nothing goes wrong as long as something else holds\n"
    yield from table("without", "nothing goes wrong, because", "moments, nothing wrong")
    yield from map(idle_row, IDLE)
    yield "\n## Together: each of the two holds alone, but without both, what stands is not true\n"
    yield from table("without", "", "what goes wrong", "in the world", "after actions")
    yield from map(claim_row, TOGETHER)
    yield "\n## The shortest ways to what goes wrong\n"
    yield "A scan a1 is the first of patient A, w1 are the weights that are active and lead at first."
    for claim in (*NEEDED, *SPARING, *TOGETHER):
        yield from way(claim)
    yield BEYOND


def table(*columns: str) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"


def world_row(world: World) -> str:
    """One world with all its safeguards."""
    comes = ", ".join(sorted(map(str, world.to_come)))
    stands = ", ".join(map(str, world.stands)) or "nothing"
    return f"| {world.name} | {stands} | {comes} | {searched([search(world)])} |"


def claim_row(claim: Claim) -> str:
    """What goes wrong without a safeguard."""
    found, rules = claim.found(), " · ".join(SAFEGUARDS[name] for name in claim.removed)
    return f"| {named(claim.removed)} | {rules} | {found.wrong} | {claim.world.name} | {len(found.way)} |"


def idle_row(idle: Idle) -> str:
    """Why a safeguard is not missed; all worlds are searched for it."""
    return f"| {named(idle.removed)} | {idle.because} | {all_worlds(idle.removed)} |"


def all_worlds(removed: tuple[str, ...], spared: frozenset[str] = frozenset()) -> str:
    return searched(search(world.without(*removed), spared) for world in WORLDS)


def searched(found: Iterable[Found]) -> str:
    """How many moments were looked at without finding anything wrong, or what was found."""
    results = list(found)
    wrong = next((one.wrong for one in results if one.wrong), None)
    return f"**{wrong}**" if wrong else f"{sum(one.moments for one in results):,}"


def named(removed: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in removed)


def way(claim: Claim) -> Iterator[str]:
    """The shortest way to what goes wrong, a line for each turn of a worker."""
    found = claim.found()
    yield f"\n**Without {named(claim.removed)}** ({claim.world.name}):\n"
    for number, (who, actions) in enumerate(groupby(found.way, _who), start=1):
        yield f"{number}. {who}{', '.join(words.removeprefix(who) for words in actions)}"
    yield f"\nThen {found.wrong}."


def _who(action: str) -> str:
    return action[: len("worker 1 ")] if action.startswith("worker ") else ""
