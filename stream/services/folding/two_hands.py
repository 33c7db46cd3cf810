"""Two hands: what comes next is prepared while what came before is written."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")
Written = TypeVar("Written")


def by_two_hands(
    items: Iterable[Item], prepare: Callable[[Item], Prepared], write: Callable[[Prepared], Written]
) -> Iterator[tuple[Prepared, Written]]:
    """What was prepared and written of each item; `write` runs in a thread of its own, one item after the other.

    An item is prepared before the one before is known to be written, and written only after that one was handed out.
    """
    with ThreadPoolExecutor(max_workers=1) as writer:
        under_way: tuple[Prepared, Future[Written]] | None = None
        for item in items:
            prepared = prepare(item)
            if under_way:
                yield under_way[0], under_way[1].result()
            under_way = prepared, writer.submit(write, prepared)
        if under_way:
            yield under_way[0], under_way[1].result()


def by_one_hand(
    items: Iterable[Item], prepare: Callable[[Item], Prepared], write: Callable[[Prepared], Written]
) -> Iterator[tuple[Prepared, Written]]:
    """The same, one after the other."""
    for item in items:
        prepared = prepare(item)
        yield prepared, write(prepared)
