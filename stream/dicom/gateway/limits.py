"""How much one object may take, and all that are looked at together: checked before it is taken."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from stream.errors import Refuse
from stream.settings import Settings

OUT_OF_RESOURCES = 0xA700  # PS3.4 B.2.3

MIB = 2**20
SMALL_BYTES = 2 * MIB
"""Objects up to this size are looked at whoever else is: all associations together need less than the room then."""

MAX_RATIO, ALWAYS_INFLATED = 100, 16 * MIB
"""Reports deflate to a tenth or twentieth; the flat pictures of a segmentation alone to a thousandth."""

ROOM_BYTES = 512 * MIB
WAIT_SECONDS = 30.0

QUICK_SECONDS = 0.25
"""Of processor time: a segmentation of 1,000 frames takes less to look at."""


@dataclass(frozen=True)
class ObjectLimits:
    """Of one object: its bytes, the bytes it may inflate to, its elements; of the disk, the bytes that stay free."""

    object_bytes: int = 1024 * MIB
    inflated_bytes: int = 256 * MIB
    elements: int = 1_000_000
    free_bytes: int = 0

    def of_kind(self, kind: str, received: int) -> "ObjectLimits":
        """Those of an object of this kind of which so many bytes came."""
        if kind == "seg":
            return self
        return replace(self, inflated_bytes=min(self.inflated_bytes, max(ALWAYS_INFLATED, MAX_RATIO * received)))


def limits_of(settings: Settings) -> ObjectLimits:
    """As they are set."""
    return ObjectLimits(
        settings.max_object_mb * MIB,
        settings.max_inflated_mb * MIB,
        settings.max_elements,
        settings.keep_free_mb * MIB,
    )


class LongLooks:
    """Objects that take long to look at are looked at one by one, so that all others share the processor with one."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[Callable[[], None]]:
        """What the thread is to call while it looks: it waits for its turn there; Refuse(0xA700) after a while."""
        until, mine = time.thread_time() + QUICK_SECONDS, False

        def goes_on() -> None:
            nonlocal mine
            if mine or time.thread_time() < until:
                return
            mine = self._turn.acquire(timeout=WAIT_SECONDS)
            if not mine:
                raise Refuse(OUT_OF_RESOURCES, "Too many objects at once that take long: send it again.")

        try:
            yield goes_on
        finally:
            if mine:
                self._turn.release()


class SharedRoom:
    """Memory that all associations share; for many threads."""

    def __init__(self, size: int = ROOM_BYTES) -> None:
        self._size = self._free = size
        self._changed = threading.Condition()

    @contextmanager
    def take(self, size: int) -> Iterator[None]:
        """Hold so many bytes, or all there are, once others have given them back; Refuse(0xA700) after a while."""
        size = min(size, self._size)
        with self._changed:
            if not self._changed.wait_for(lambda: self._free >= size, WAIT_SECONDS):
                raise Refuse(OUT_OF_RESOURCES, "Too many large objects at once: send it again.")
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()
