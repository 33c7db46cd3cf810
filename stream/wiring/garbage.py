"""Spares the garbage collector what a process holds from its start to its end, and batches that are on their way."""

import gc

NEW_OBJECTS = 500_000
"""After so many more than have gone the newest are searched: a batch of timelines has fewer, and goes as a whole.

By Python's own 700 a batch counts as old before it is done, and all courses in memory are searched again and again."""


def keep_for_good() -> None:
    """Call once all modules and weights are loaded: a search through them all costs 0.1 s, every thousand timelines."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
