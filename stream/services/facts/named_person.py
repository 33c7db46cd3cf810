"""Whether a cell tells who its patient is: facts lie outside the vault, so that such a cell is refused."""

import datetime as dt
from dataclasses import dataclass

from models.tables.csv_table import Row, UnusableTable
from stream.harmless_words import HARMLESS_WORDS
from stream.personal_names import SHORTEST, joined
from stream.plain_text import spaced

HIDING, TELLING = 3, 6
"""Characters of an ID: with fewer it occurs in any word; a label that may hold it is hidden, but only one that is long
enough to be nothing else is a fault of the table."""


@dataclass(frozen=True)
class NamedPerson:
    """Who a patient is, as far as the tables say it."""

    mrn: str
    name: str | None
    birth: dt.date | None

    def has_id_in(self, text: str) -> bool:
        """Whether the hospital's ID stands anywhere in `text`."""
        return len(self.mrn) >= HIDING and self.mrn.casefold() in text.casefold()

    def is_told_by(self, text: str) -> bool:
        """Whether `text` has the ID, the birth date or, as a whole word, a part of the name."""
        parts = {part for part in spaced(self.name or "").split() if len(part) >= SHORTEST} - HARMLESS_WORDS
        born = {self.birth.strftime(form) for form in ("%Y%m%d", "%d%m%Y", "%m%d%Y")} if self.birth else set()
        together = joined(text)
        named = not parts.isdisjoint(spaced(text).split())
        identified = len(self.mrn) >= TELLING and self.has_id_in(text)
        return identified or named or any(one in together for one in born)

    def refuse(self, row: Row, column: str) -> None:
        """Raise UnusableTable where a cell tells who the patient is."""
        if self.is_told_by(row.get(column, "")):
            raise UnusableTable(
                f"{row.where}: {column} holds the name, the birth date or the ID of the patient: take it out."
            )
