"""A fold that remembers each of its steps, so that it goes on from there when more has come after the same."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Generic, NamedTuple, TypeVar

Start = TypeVar("Start")
Item = TypeVar("Item")
Memory = TypeVar("Memory")
Said = TypeVar("Said")


class WalkStep(NamedTuple, Generic[Item, Memory, Said]):
    """An item, what was remembered after it, and what was said of it."""

    item: Item
    memory: Memory
    said: Said


@dataclass(frozen=True)
class Walk(Generic[Start, Item, Memory, Said]):
    """A fold of `items` from `start`, step by step."""

    start: Start
    items: tuple[Item, ...] = ()
    steps: tuple[WalkStep[Item, Memory, Said], ...] = ()

    @cached_property
    def said(self) -> tuple[Said, ...]:
        """What was said of each item."""
        return tuple([step.said for step in self.steps])


def walk(
    start: Start,
    items: Iterable[Item],
    step: Callable[[Start | Memory, Item], tuple[Memory, Said]],
    before: Walk[Start, Item, Memory, Said] | None = None,
) -> Walk[Start, Item, Memory, Said]:
    """The fold of `items` from `start`; what `before` says of items that both begin with is not worked out again.

    `step` is a pure function of memory and item, and changes neither.
    """
    every = tuple(items)
    told = before if before and before.start == start else Walk[Start, Item, Memory, Said](start)
    steps = list(told.steps[: same_first(told.items, every)])
    for item in every[len(steps) :]:
        steps.append(WalkStep(item, *step(steps[-1].memory if steps else start, item)))
    return Walk(start, every, tuple(steps))


def same_first(some: tuple[object, ...], others: tuple[object, ...]) -> int:
    """How many of the first are the same; where all of `some` are the same objects, that costs next to nothing."""
    if some == others[: len(some)]:
        return len(some)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))
