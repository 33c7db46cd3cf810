"""Progress of long work on the terminal, silent elsewhere."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def progress(items: Sequence[Item], description: str) -> Iterator[Item]:
    """The items, with a bar on stderr where that is a terminal."""
    console = Console(stderr=True)
    yield from track(items, description, console=console, transient=True, disable=not sys.stderr.isatty())
