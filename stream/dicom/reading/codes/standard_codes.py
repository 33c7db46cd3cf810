"""The tables of PS3.16 that pydicom brings: codes by context group, and the standard wording of a code."""

import re
from collections.abc import Mapping
from functools import cache

from pydicom.sr.codedict import codes

Key = tuple[str, str]
"""Value and scheme of a code: what equality of concepts means."""

_SCHEMES = frozenset(codes.schemes())  # pydicom makes the list anew whenever it is asked


def context_group(*numbers: int) -> frozenset[Key]:
    """The codes of context groups (CID), as pydicom's version of the standard has them."""
    groups = [getattr(codes, f"cid{number}") for number in numbers]
    return frozenset((code.value, code.scheme_designator) for group in groups for code in group.concepts.values())


def standard_meaning(key: Key) -> str | None:
    """The wording of the standard, the shortest where it has several; None where it does not know the code."""
    value, scheme = key
    return _wordings(scheme).get(value) if scheme in _SCHEMES else None


@cache
def codes_worded(scheme: str, pattern: str) -> frozenset[Key]:
    """The codes of a scheme of which any wording of the standard, in lower case, has the pattern in it."""
    every = getattr(codes, scheme).concepts.values()
    return frozenset((code.value, scheme) for code in every if re.search(pattern, code.meaning.lower()))


@cache
def _wordings(scheme: str) -> Mapping[str, str]:
    wordings = [(code.value, code.meaning) for code in getattr(codes, scheme).concepts.values()]
    return dict(sorted(wordings, key=lambda each: len(each[1]), reverse=True))
