"""What somebody asks of the worklist: filters, order and page."""

from collections.abc import Mapping
from typing import NamedTuple

ROWS_PER_PAGE = 20
FILTERS = ("disease", "trial", "arm", "endpoint", "response")
"""Columns of scanstream.worklist of which one word can be asked for."""
ORDERS = {
    "need": ("urgency DESC", "urgency"),
    "patient": ("patient_id", "patient_id DESC"),
    "response": ("percent_from_nadir DESC NULLS LAST", "percent_from_nadir"),
    "risk": ("risk DESC NULLS LAST", "risk"),
    "change": ("worsening DESC NULLS LAST", "worsening"),
    "disease": ("disease, trial, arm, line", "disease DESC NULLS LAST, trial DESC, arm DESC, line DESC"),
    "scan": ("last_scan_at DESC NULLS LAST", "last_scan_at"),
}
"""By column of the page how rows are sorted by it, and the other way round; what matters more comes first."""


class WorklistQuery(NamedTuple):
    """One view of the worklist; None: whatever it is. `search` is a part of a pseudonym in capital letters.

    `words`: what is asked of FILTERS.
    """

    search: str
    words: Mapping[str, str | None]
    need: str | None = None
    by: str = "need"
    turned: bool = False
    page: int = 1

    def filters(self) -> dict[str, str | None]:
        """Values of the conditions but for the need, by name."""
        return {"search": self.search, **{name: self.words.get(name) for name in FILTERS}}

    def order(self) -> str:
        """The text of ORDER BY: one of those above, never a word from outside."""
        return ORDERS[self.by][self.turned]
