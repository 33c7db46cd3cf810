"""How much room there is on the disks of a service, and from when on that is little."""

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

FREE_BYTES = 5 * 2**30
"""Kafka keeps a week of messages and Postgres its log: with less, a busy day can fill the disk."""


class Disk(NamedTuple):
    """A file system, by what of the service lies on it."""

    folders: tuple[str, ...]
    free_bytes: int
    total_bytes: int

    @property
    def is_low(self) -> bool:
        """Whether a busy day can fill it."""
        return self.free_bytes < FREE_BYTES


def disks(folders: Mapping[str, Path]) -> list[Disk]:
    """The file systems that these folders lie on or will be made on, each once; raises OSError."""
    places = {name: existing(path) for name, path in folders.items()}
    names: dict[int, list[str]] = {}
    for name, place in places.items():
        names.setdefault(place.stat().st_dev, []).append(name)
    room = {device: shutil.disk_usage(places[held[0]]) for device, held in names.items()}
    return [Disk(tuple(held), room[device].free, room[device].total) for device, held in names.items()]


def existing(folder: Path) -> Path:
    """`folder`, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def gibibytes(number: int) -> str:
    """A size as people read it: `412 GiB`, `3.2 GiB`; rounded down, so that nothing seems to be more than it is."""
    size = math.floor(10 * number / 2**30) / 10
    return f"{size:g} GiB" if size < 10 else f"{math.floor(size):,} GiB"
