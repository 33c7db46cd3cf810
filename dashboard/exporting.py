"""What the exports of `scanstream export` share: how a file is written, and how they end where it cannot be."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.queries import DatabaseAway


@contextmanager
def plain_endings() -> Iterator[None]:
    """Exit 1 with a sentence where the database does not answer or a file cannot be written."""
    try:
        yield
    except DatabaseAway:
        sys.exit("Postgres does not answer: start the service with `scanstream up`.")
    except OSError as error:
        sys.exit(f"{error.filename} cannot be written: {error.strerror}.")


def write(folder: Path, name: str, content: bytes) -> None:
    """Write a file, and print where it lies."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    print(folder / name)
