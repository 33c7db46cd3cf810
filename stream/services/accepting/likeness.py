"""Whether two descriptions of a patient can be of one person: names are spelled in many ways, dates are mistyped.

What is missing contradicts nothing. Birth dates that differ in more than one place are of two people, whatever the
names; where the birth dates agree it takes another name and another sex to doubt; else one of both is enough.
"""

import re
from typing import NamedTuple, TypeGuard

from stream.plain_text import written_out
from stream.vocabulary import NO_DAY

SHORTEST = 3
"""Of names with fewer letters each letter counts: Li is not Lu."""
NOBODY = {"anonymous", "anonymized", "anonymised", "anon", "unknown", "unnamed", "unbekannt"}
"""Words that stand for a name which is not known, or was taken out."""
ENOUGH = 2
"""Words that two spellings share: one family name and one given name, whatever else one of them has."""


class PersonDescription(NamedTuple):
    """Who a file says its patient is: name as DICOM writes it, birth date as YYYY-MM-DD, sex as M, F or O."""

    name: str | None
    birth_date: str | None
    sex: str | None


def contradict(one: PersonDescription, other: PersonDescription) -> bool:
    """Whether a person should say if both are the same patient."""
    if one == other:  # as the files of a series are
        return False
    names = unlike(one.name, other.name)
    sexes = {one.sex, other.sex} == {"M", "F"}
    if not _is_given(one.birth_date) or not _is_given(other.birth_date):
        return names or sexes
    differences = _differences(one.birth_date, other.birth_date)
    if differences == 0:
        return names and sexes
    return differences > 1 or names or sexes


def unlike(one: str | None, other: str | None) -> bool:
    """Whether two names can hardly be spellings of one; False where they have no alphabet in common."""
    pairs = [(a, b) for a, b in zip(_alphabets(one), _alphabets(other), strict=False) if a and b]
    return bool(pairs) and not any(_alike(a, b) for a, b in pairs)


def _is_given(birth_date: str | None) -> TypeGuard[str]:
    """Whether somebody said it (YYYY-MM-DD)."""
    return birth_date is not None and birth_date > NO_DAY.isoformat()


def _differences(one: str, other: str) -> int:
    """In how many of year, month and day two dates differ; day and month exchanged are one slip."""
    year, *rest = one.split("-")
    other_year, *other_rest = other.split("-")
    exchanged = rest != other_rest and rest == other_rest[::-1]
    return (year != other_year) + (1 if exchanged else sum(a != b for a, b in zip(rest, other_rest, strict=True)))


def _alphabets(name: str | None) -> list[list[str]]:
    """The words of each group of a person name: alphabetic, ideographic, phonetic (PS3.5 6.2.1)."""
    groups = [_words(group) for group in (name or "").split("=")]
    return [[] if NOBODY.intersection(words) else words for words in groups]


def _words(text: str) -> list[str]:
    """Its words in lower case, umlauts written out, without accents and apostrophes."""
    return [word for word in re.split(r"[\W_]+", written_out(re.sub(r"['’`´]", "", text))) if word]


def _alike(one: list[str], other: list[str]) -> bool:
    """Whether two words are the same, in any order, or all of the shorter name; or both are one without blanks."""
    shorter, longer = sorted((one, other), key=len)
    left = list(longer)
    for word in shorter:
        if match := next((each for each in left if _same(word, each)), None):
            left.remove(match)
    same = len(longer) - len(left)
    return same >= min(ENOUGH, len(shorter)) or "".join(one) == "".join(other)


def _same(one: str, other: str) -> bool:
    """Equal, an initial, cut off, or one letter apart."""
    shorter, longer = sorted((one, other), key=len)
    if longer.startswith(shorter) and (len(shorter) == 1 or len(shorter) >= SHORTEST):
        return True
    return one == other or (len(shorter) >= SHORTEST and _one_apart(shorter, longer))


def _one_apart(shorter: str, longer: str) -> bool:
    """Whether one letter was left out, put in, changed, or exchanged with the next."""
    at = next((i for i, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(longer) - len(shorter) > 1:
        return False
    if len(longer) > len(shorter):
        return shorter[at:] == longer[at + 1 :]
    exchanged = shorter[at : at + 2] == longer[at : at + 2][::-1]
    return shorter[at + 1 :] == longer[at + 1 :] or (exchanged and shorter[at + 2 :] == longer[at + 2 :])
