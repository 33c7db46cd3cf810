"""Breadth-first search through every moment that can be reached: what is wrong is found on a shortest way."""

from functools import cache
from typing import NamedTuple

from tests.protocol.bad import wrong, wrong_at_the_end
from tests.protocol.model import actions
from tests.protocol.moment import Moment, World, beginning


class Found(NamedTuple):
    """How many moments were looked at; what is wrong with the last of them, and the actions that led there."""

    moments: int
    wrong: str | None = None
    way: tuple[str, ...] = ()


@cache
def search(world: World, spared: frozenset[str] = frozenset()) -> Found:
    """Look at all moments, the nearest first, until something is wrong that is not in `spared`."""
    first = beginning(world)
    came_by: dict[Moment, tuple[Moment, str] | None] = {_alike(first): None}
    nearest = [first]
    while nearest:
        farther = []
        for now in nearest:
            following = list(actions(now, world))
            for what in () if following else wrong_at_the_end(now):
                return Found(len(came_by), what, _way(came_by, now))
            for words, after in following:
                if (alike := _alike(after)) in came_by:
                    continue
                came_by[alike] = _alike(now), words
                for what in wrong(after, world):
                    if what not in spared:
                        return Found(len(came_by), what, _way(came_by, after))
                farther.append(after)
        nearest = farther
    return Found(len(came_by))


def _alike(now: Moment) -> Moment:
    """Which of the two workers is where makes no difference to what may follow."""
    one, other = now.workers
    return now if hash(one) <= hash(other) else now._replace(workers=(other, one))


def _way(came_by: dict[Moment, tuple[Moment, str] | None], end: Moment) -> tuple[str, ...]:
    """The actions from the beginning to `end`."""
    way, last = [], came_by[_alike(end)]
    while last:
        before, words = last
        way.append(words)
        last = came_by[before]
    return tuple(reversed(way))
