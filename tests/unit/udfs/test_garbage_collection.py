"""What is taken out of the searches of Python's collector."""

import gc

from udfs.runtime.garbage_collection import freeze_what_lives_on


def test_memory_is_frozen_once_in_a_process() -> None:
    gc.unfreeze()
    freeze_what_lives_on.cache_clear()
    try:
        freeze_what_lives_on()
        frozen = gc.get_freeze_count()
        later: list[list[int]] = [[] for _ in range(1000)]
        freeze_what_lives_on()
        # As another attempt would that brings its modules along.
        freeze_what_lives_on.cache_clear()
        freeze_what_lives_on()
        assert 0 < gc.get_freeze_count() <= frozen
        assert len(later) == 1000
    finally:
        gc.unfreeze()
