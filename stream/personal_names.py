"""Whether a text holds a person's name: in any writing, turned round, abbreviated or without its accents."""

import re
import unicodedata
from collections.abc import Iterable

from stream.harmless_words import HARMLESS_WORDS
from stream.plain_text import FORMS, HAN, UNSPACED, plain

_WORD = re.compile(r"[^\W\d_]+|\d+")
_MARK = re.compile(r"(?<![^\W_])(?:[a-z]|nt)\d{1,2}(?![^\W_])")  # T1, NT2, L1, S8: lesions, vertebrae, segments
_LONE = re.compile(r"(?<![^\W_])([^\W\d_])[\W_]+(?=[^\W\d_](?![^\W_]))")  # the J of J. D.
_HAN, _UNSPACED = re.compile(f"[{HAN}]"), re.compile(f"[{UNSPACED}]+")
SHORTEST = 3  # two letters occur in any word


def holds_name(text: str, names: Iterable[str]) -> bool:
    """Whether `text` may tell one of `names` (each all writings of a PN, PS3.5 6.2); in doubt it does.

    Harmless words do not count, unless they are a part of the name. A word in a writing that no name comes in may be
    the name just as well: how it would be written there cannot be computed.
    """
    written = [group for name in names for group in name.split("=") if _scripts(group)]
    known = {script for group in written for script in _scripts(group)}
    for group in written:
        rest = _rest(text, group)
        if _scripts(rest) - known or (rest and any(_holds(form(text), form(rest), form(group)) for form in FORMS)):
            return True
    return False


def joined(text: str) -> str:
    """The letters and digits of `text`, however it is punctuated."""
    return "".join(_WORD.findall(plain(text)))


def _rest(text: str, name: str) -> str:
    """What of `text` is neither a harmless word nor a number, or is a part of the name or all of it."""
    orders = [parts[::step] for form in FORMS for step in (1, -1) if (parts := _WORD.findall(form(name)))]
    own = {word for parts in orders for word in (*parts, "".join(parts))}
    words = _WORD.findall(_LONE.sub(r"\1", _MARK.sub(" ", plain(text))))
    return " ".join(word for word in words if word in own or not (word.isdecimal() or word in HARMLESS_WORDS))


def _holds(text: str, rest: str, name: str) -> bool:
    """Whether a part of the name is anywhere in the text, or a word of the rest is made of beginnings of parts."""
    parts, together = _WORD.findall(name), "".join(_WORD.findall(text))
    anywhere = (part for part in parts if len(part) >= SHORTEST or _UNSPACED.fullmatch(part))
    return (
        any(part in together for part in anywhere)
        or bool(set(_HAN.findall(name)) & set(_HAN.findall(rest)))
        or any(word in parts or _abbreviates(word, parts) for word in rest.split())
    )


def _abbreviates(word: str, parts: list[str]) -> bool:
    """Whether `word` is made of as many beginnings of parts, in any order, as there are parts at most: initials too."""
    if len(word) > sum(map(len, parts)):
        return False
    beginnings = {part[:length] for part in parts for length in range(1, len(part) + 1)}
    fewest: list[float] = [0]
    for end in range(1, len(word) + 1):
        steps = (fewest[start] + 1 for start in range(end) if word[start:end] in beginnings)
        fewest.append(min(steps, default=float("inf")))
    return fewest[-1] <= len(parts) and (len(word) > 1 or bool(_UNSPACED.fullmatch(word)))


def _scripts(text: str) -> set[str]:
    """The writings of its letters, by the first word of their Unicode names: LATIN, CJK, HIRAGANA, CYRILLIC."""
    return {unicodedata.name(letter, "").split(" ")[0] for letter in plain(text) if letter.isalpha()}
