"""What a verdict is called on every page, in its files and on the page for a tumour board: one table of words."""

import pandas as pd

CALLED = {
    "CR": "complete response",
    "PR": "partial response",
    "SD": "stable disease",
    "Non-CR/Non-PD": "non-target disease stays",
    "PD": "progressive disease",
    "NE": "not evaluable",
    "iCR": "complete response",
    "iPR": "partial response",
    "iSD": "stable disease",
    "iUPD": "progression to be confirmed",
    "iCPD": "confirmed progression",
}


def called(category: str | None) -> str:
    """In a sentence: `partial response`, of iRECIST `partial response (iPR)`; a baseline has no category."""
    if category is None:
        return "baseline"
    code = f" ({category})" if category.startswith("i") else ""
    return CALLED.get(category, category) + code


def with_code(category: str | None) -> str:
    """In a cell: `PR, partial response`."""
    words = called(category).removesuffix(f" ({category})")
    return f"{category}, {words}" if category in CALLED else words


def titled(category: str | None) -> str:
    """Beside a mark: `Partial response`; who has none was not evaluable."""
    return CALLED["NE" if category is None or pd.isna(category) else category].capitalize()
