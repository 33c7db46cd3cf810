"""Whether a cell tells who its patient is: facts lie outside the vault, so that such a cell is refused."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.tables.csv_table import Row, UnusableTable
from stream.harmless_words import HARMLESS_WORDS
from stream.personal_names import SHORTEST, joined
from stream.plain_text import FORMS, UNSPACED, plain, words

HIDING, TELLING = 3, 6
"""Characters of an ID: with fewer it occurs in any word; a label that may hold it is hidden, but only one that is long
enough to be nothing else is a fault of the table."""
_UNSPACED = re.compile(f"[{UNSPACED}]+")


@dataclass(frozen=True)
class NamedPerson:
    """Who a patient is, as far as the tables say it."""

    mrn: str
    name: str | None
    birth: dt.date | None

    def has_id_in(self, text: str) -> bool:
        """Whether the hospital's ID stands anywhere in `text`."""
        return len(self.mrn) >= HIDING and plain(self.mrn) in plain(text)

    def is_told_by(self, text: str) -> bool:
        """Whether `text` has the ID, the birth date or a part of the name, as a whole word where words are spaced.

        `core.names_somebody` in the database compares by the same rules.
        """
        born = {self.birth.strftime(form) for form in ("%Y%m%d", "%d%m%Y", "%m%d%Y")} if self.birth else set()
        together = joined(text)
        named = self._has_part_in(text) or any(one in together for one in self._unspaced())
        identified = len(self.mrn) >= TELLING and self.has_id_in(text)
        return identified or named or any(one in together for one in born)

    def _has_part_in(self, text: str) -> bool:
        """Whether a part of the name is a word of `text`, in one of the ways in which its letters may be written."""
        for form in FORMS:
            parts = {part for part in words(form(self.name or "")) if len(part) >= SHORTEST} - HARMLESS_WORDS
            if not parts.isdisjoint(words(form(text))):
                return True
        return False

    def _unspaced(self) -> Iterator[str]:
        """Of the name in writings without blanks between words, what is more than one character."""
        for group in (self.name or "").split("="):
            parts = [part for part in re.split(r"[\s^]+", plain(group)) if _UNSPACED.fullmatch(part)]
            yield from (one for one in (*parts, "".join(parts), "".join(reversed(parts))) if len(one) > 1)

    def refuse(self, row: Row, column: str) -> None:
        """Raise UnusableTable where a cell tells who the patient is."""
        if self.is_told_by(row.get(column, "")):
            raise UnusableTable(
                f"{row.where}: {column} holds the name, the birth date or the ID of the patient: take it out."
            )
