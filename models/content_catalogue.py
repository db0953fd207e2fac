"""The catalogue of content items: what the CMS has said of each, within bounds, in the memory of every subtask."""

from heapq import heapify, heappop, heappush
from typing import Final

from models.content_item import ContentItem, decode_item

MAX_ITEMS: Final = 20_000
"""Items that are known at a time."""

MAX_CHARS: Final = 16_777_216
"""Characters of all items together, in the compact form; an item of a few variants has 100, the largest possible 30,000."""


class ContentCatalogue:
    """The newest records of content.v1; beyond the bounds the item that was written longest ago is dropped.

    By the time that the topic's record bears, and then by id: every subtask drops the same, in whatever order items reach it.
    """

    def __init__(self, max_items: int = MAX_ITEMS, max_chars: int = MAX_CHARS) -> None:
        self._max_items, self._max_chars = max_items, max_chars
        self._texts: dict[str, str] = {}
        self._written_ms: dict[str, int] = {}
        self._chars = 0
        # Oldest first; what has been written again since, or deleted, stands here until it comes to the front.
        self._ages: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._texts)

    def get(self, content_id: str | None) -> ContentItem | None:
        """Returns what is known of an item; None where nothing is."""
        text = self._texts.get(content_id) if content_id is not None else None
        return None if text is None else decode_item(text)

    def put(self, content_id: str, text: str, written_ms: int) -> list[str]:
        """Takes an item in its compact form; returns the ids of those that are dropped for it, this one perhaps among them."""
        self.remove(content_id)
        self._texts[content_id] = text
        self._written_ms[content_id] = written_ms
        self._chars += len(text)
        heappush(self._ages, (written_ms, content_id))
        if len(self._ages) > 2 * len(self._texts) + 1000:
            self._ages = [(at_ms, each) for each, at_ms in self._written_ms.items()]
            heapify(self._ages)
        return self._drop()

    def remove(self, content_id: str) -> None:
        """Forgets an item; one that is not known is none to forget."""
        text = self._texts.pop(content_id, None)
        if text is not None:
            self._chars -= len(text)
            del self._written_ms[content_id]

    def _drop(self) -> list[str]:
        dropped: list[str] = []
        while len(self._texts) > self._max_items or self._chars > self._max_chars:
            at_ms, oldest = heappop(self._ages)
            if self._written_ms.get(oldest) == at_ms:
                self.remove(oldest)
                dropped.append(oldest)
        return dropped
