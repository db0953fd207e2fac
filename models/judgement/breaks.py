"""Natural breaks in reading, as a slice of ten seconds shows them."""

from typing import Final

from models.judgement.session import SliceEvents

PAGE_END: Final = 0.95
"""Depth from which a reader is at the end of the page: below the text there is nearly always something more."""


def is_at_break(newest: SliceEvents | None, was_hidden: bool) -> bool:
    """Whether the reader has opened a page in the slice, come back to the tab, or is at the end of the page.

    `newest` is None where nothing came; `was_hidden` says whether the page was out of view before.
    """
    if newest is None or newest.hidden_ms == newest.last_ms:
        return False
    has_returned = was_hidden and newest.acted_first_ms >= 0
    return has_returned or bool(newest.opened) or newest.depth >= PAGE_END
