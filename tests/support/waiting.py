"""Waiting for what another process does."""

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], patience_s: float = 15.0) -> None:
    """Returns once it holds; fails when time is up."""
    end = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)
