"""Python's search for cycles, made rare where nearly none are made."""

import gc
from typing import Final

YOUNG: Final = 50_000
"""Objects made and not yet freed before the youngest are searched; Python's own 700 come with every tenth row."""


def seldom() -> None:
    """To be called in `open`. What an operator keeps per key, up to millions of objects, is searched for cycles hardly ever;
    what nobody refers to any more is freed at once as before, by counting."""
    gc.set_threshold(YOUNG, 20, 100)
