"""Raises the cyclic garbage collector's thresholds: operators keep millions of live objects and create almost no cycles."""

import gc
from functools import cache
from typing import Final

GEN0_THRESHOLD: Final = 50_000
"""Objects made and not yet freed before the youngest are searched; Python's own 700 come with every tenth row."""


def relax_gc() -> None:
    """Searches for cycles rarely. Whatever is no longer referred to is freed at once as before, by counting."""
    gc.set_threshold(GEN0_THRESHOLD, 20, 100)


@cache
def freeze_what_lives_on() -> None:
    """Takes what stands in memory out of all later searches: modules, libraries and what was loaded from them live as long as the
    process.

    Once in a process. Later there are sessions in memory, and what an earlier attempt to run the job has left behind: frozen, its
    cycles would never be freed. Another job's archive brings this module again, so that the interpreter is asked as well: that
    counts object by object, for 30 ms.
    """
    if not gc.get_freeze_count():
        gc.freeze()
