"""Reports that name each other as predecessors in a circle: what they say of replacing cannot be meant.

An example. B names A, which it replaces. A, written anew by a tool that lists every report of the study, names B: A and
B are a circle, of which neither takes the other back. Then C names A: both are replaced by C.
"""

from collections.abc import Mapping, Set


def circles(named: Mapping[str, Set[str]]) -> list[frozenset[str]]:
    """Reports that replace each other and that no other replaces; `named`: by report, those it says it replaces."""
    left = _naming_and_named(named)
    ahead = {uid: _reached(left, uid) for uid in left}
    found = {frozenset(other for other in ahead[uid] if uid in ahead[other]) for uid in left if uid in ahead[uid]}
    return [circle for circle in found if not any(uids & circle for uid, uids in named.items() if uid not in circle)]


def _naming_and_named(named: Mapping[str, Set[str]]) -> dict[str, set[str]]:
    """What is left when the ends of all chains are taken away, again and again: of chains alone, nothing."""
    left = {uid: set(uids) for uid, uids in named.items()}
    while True:
        behind = set().union(*left.values())
        inner = {uid: uids & left.keys() for uid, uids in left.items() if uid in behind and uids & left.keys()}
        if len(inner) == len(left):
            return inner
        left = inner


def _reached(named: Mapping[str, Set[str]], start: str) -> set[str]:
    """All that a report names, that these name, and so on."""
    reached: set[str] = set()
    ahead = set(named[start])
    while ahead:
        uid = ahead.pop()
        reached.add(uid)
        ahead |= named[uid] - reached
    return reached
