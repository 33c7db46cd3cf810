"""How commands print what they found: a table for people, JSON for scripts."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_json(value: Any) -> None:
    """JSON on stdout; times in ISO form."""
    print(json.dumps(value, indent=1, ensure_ascii=False, default=_plain))


def print_end(as_json: bool, fields: Mapping[str, Any], what: str) -> None:
    """That a decision has taken effect, or will: `fields` has its `outcome`, empty where no worker took it up yet."""
    if as_json:
        print_json(fields)
    elif fields["outcome"]:
        print(f"{what} has taken effect.")
    else:
        print(f"{what} is accepted and takes effect as soon as a worker runs.")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """A table on stdout; what comes from outside is shown as text, never as markup."""
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(_shown(row[name])) for name in columns))
    console = Console()
    # a pipe is no narrow terminal: nothing is cut there
    Console(width=None if console.is_terminal else 400).print(table)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M %Z").strip()
    return "" if value is None else str(value)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)
