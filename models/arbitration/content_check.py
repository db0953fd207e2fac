"""The question whether a content item has what an action would show."""

from collections.abc import Callable, Mapping
from typing import Any

ContentCheck = Callable[[str | None, str, Mapping[str, Any]], str | None]
"""Given content id, action and parameters: what the item lacks, in words; None where nothing is known to be lacking."""


def nothing_known(content_id: str | None, action: str, parameters: Mapping[str, Any]) -> str | None:
    """The check where no item has been described: nothing stands in the way."""
    return None
