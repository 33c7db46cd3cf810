"""Tables that are read as text: every cell is escaped, so that what came from outside is shown and never acted upon."""

import re
from collections.abc import Sequence
from html import escape
from numbers import Integral

import pandas as pd

_ESTIMATE = re.compile(r"[\d.,]+(?: %)? \([-<>\d., ]+(?:to [-<>\d., ]+)?(?: %)?\)")
"""A number and its interval, `0.61 (0.52, 0.70)`, which is read as one."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def html_table(frame: pd.DataFrame, title: str, struck: Sequence[bool] = ()) -> str:
    """A table with a title for those who do not see it; rows that are `struck` no longer stand."""
    head = "".join(map(_head, map(str, frame.columns)))
    marks = list(struck) or [False] * len(frame)
    rows = "".join(_row(row, mark) for row, mark in zip(frame.itertuples(index=False), marks, strict=True))
    table = f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="told" tabindex="0" role="region" aria-label="{escape(title)}">{table}</div>'


def _head(name: str) -> str:
    """Words may stand below each other, so that a wide table fits; a day stays whole."""
    return f'<th scope="col"{"" if " " in name else " class=whole"}>{escape(name)}</th>'


def _row(cells: Sequence[object], struck: bool) -> str:
    first, *others = (f"<s>{_words(cell)}</s>" if struck else _words(cell) for cell in cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'


def _words(cell: object) -> str:
    """What is counted with marks at thousands; a day, and a number with its interval, are never on two lines."""
    text = f"{cell:,}" if isinstance(cell, Integral) else str(cell)
    whole = escape(_ESTIMATE.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text))
    return _DAY.sub(r'<span class="whole">\g<0></span>', whole)
