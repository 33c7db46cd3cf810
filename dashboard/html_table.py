"""Tables that are read as text: every cell is escaped, so that what came from outside is shown and never acted upon."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from numbers import Integral

import pandas as pd

_ESTIMATE = re.compile(r"[\d.,]+(?: %)? \([-<>\d., ]+(?:to [-<>\d., ]+)?(?: %)?\)")
"""A number and its interval, `0.61 (0.52, 0.70)`, which is read as one."""

MANY, VERY_MANY = 4, 8
"""Columns that fit a phone, or half of a screen: rows of more stand there as a list, each cell with its name."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def html_table(
    frame: pd.DataFrame, title: str, struck: Sequence[bool] = (), links: Mapping[str, Sequence[str]] | None = None
) -> str:
    """A table with a title for those who do not see it; rows that are `struck` no longer stand.

    `links`: by column where its cells lead, `boxes.links` without loading the page anew.
    """
    names = list(map(str, frame.columns))
    head = "".join(map(_head, names))
    marks = list(struck) or [False] * len(frame)
    rows = "".join(_row(names, row, mark) for row, mark in zip(_cells(frame, links or {}), marks, strict=True))
    table = f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="{_kind(len(names))}" tabindex="0" role="region" aria-label="{escape(title)}">{table}</div>'


def _kind(columns: int) -> str:
    if columns <= MANY:
        return "told"
    return f"told {'many' if columns <= VERY_MANY else 'very-many'}"


def _head(name: str) -> str:
    """Words may stand below each other, so that a wide table fits; a day stays whole."""
    return f'<th scope="col"{"" if " " in name else " class=whole"}>{escape(name)}</th>'


def _cells(frame: pd.DataFrame, links: Mapping[str, Sequence[str]]) -> Iterator[Sequence[str]]:
    """Row by row what stands between the tags."""
    columns = {str(name): list(map(_words, frame[name])) for name in frame.columns}
    for name, addresses in links.items():
        columns[name] = list(map(_link, columns[name], addresses))
    return zip(*columns.values(), strict=True)


def _link(words: str, address: str) -> str:
    return f'<a class="here" href="{escape(address)}">{words}</a>'


def _row(names: Sequence[str], cells: Sequence[str], struck: bool) -> str:
    told = (f"<s>{cell}</s>" if struck else cell for cell in cells)
    (name, first), *others = zip(map(escape, names), told, strict=True)
    rest = "".join(f'<td data-name="{name}">{cell}</td>' for name, cell in others)
    return f'<tr><th scope="row" data-name="{name}">{first}</th>{rest}</tr>'


def _words(cell: object) -> str:
    """What is counted with marks at thousands; a day, and a number with its interval, are never on two lines."""
    text = f"{cell:,}" if isinstance(cell, Integral) else str(cell)
    whole = escape(_ESTIMATE.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text))
    return _DAY.sub(r'<span class="whole">\g<0></span>', whole)
