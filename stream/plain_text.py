"""Text as it is compared: without upper case, accents and punctuation, every word apart."""

import re
import unicodedata
from collections.abc import Callable

_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "þ": "th", "ı": "i"}
    | {chr(katakana): chr(katakana - 0x60) for katakana in range(0x30A1, 0x30F7)}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_DOUBLED = re.compile(r"(a)[ae]+|([ou])e+")
_UNSEEN = ("Mn", "Me", "Cf")  # accents, and what has no width
HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
UNSPACED = f"{HAN}\u3040-\u30ff\uac00-\ud7af"
"""Characters, as in a class of a pattern, of writings in which no blank need part a name from what stands beside it."""
_FOREIGN = re.compile(r"[^\x00-\x7f]+")  # the rest is quickly done
_UNSPACED = re.compile(f"([{UNSPACED}])")
_DECIMAL = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?!\.?\d)")
_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[^\w\n]+")


def plain(text: str) -> str:
    """`text` in small letters without accents; Katakana is written as Hiragana, as dictionaries sort it."""
    return _FOREIGN.sub(lambda found: _bare(found[0]), text).lower()


def written_out(text: str) -> str:
    """`plain`, with umlauts written out: Müller as mueller."""
    return plain(unicodedata.normalize("NFC", text).lower().translate(_UMLAUTS))


def folded(text: str) -> str:
    """`plain`, with written out umlauts and double vowels as one letter: Mueller, Müller and Muller alike."""
    return _DOUBLED.sub(r"\1\2", plain(text))


FORMS: tuple[Callable[[str], str], ...] = (plain, written_out, folded)
"""Texts are the same name if one of these makes them alike; `core.forms` in the database has the same."""


def _bare(letters: str) -> str:
    parts = unicodedata.normalize("NFKD", letters).casefold()
    bare = "".join(part for part in parts if unicodedata.category(part) not in _UNSEEN)
    return unicodedata.normalize("NFC", bare).translate(_LETTERS)


def words(text: str) -> list[str]:
    """The letters and digits that stand together in plain `text`; an ideograph is a word of its own."""
    return _WORD.findall(_UNSPACED.sub(r" \1 ", text))


def spaced(lines: str) -> str:
    """`lines` in plain words with a blank on both sides of each, so that a whole word is a text between blanks.

    An ideograph is a word of its own, a number with decimals is one word, and a UID or a date is a row of numbers.
    """
    text = _UNSPACED.sub(r" \1 ", plain(lines))
    whole = _DECIMAL.sub(r"\1_\2", text.replace("_", " "))
    return _BETWEEN.sub(" ", f" {whole} ".replace("\n", " \n "))
