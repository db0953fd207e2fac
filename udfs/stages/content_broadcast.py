"""Control state of content items: what the CMS says of each reaches every subtask by broadcast and survives a restart."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from models.arbitration.proposed_change import ProposedChange
from models.content_catalogue import ContentCatalogue
from models.content_item import ContentRecordError, encode_item, item_of
from models.content_lack import SHOWING_ACTIONS, lack

_log: Final = logging.getLogger(__name__)

PREFIX: Final = "content:"
"""In front of an item's id in broadcast state; the value is the time of the record, a space, and the item in its compact form."""


class ContentBroadcast:
    """Owns the catalogue, and what broadcast state holds of it: the same items, within the catalogue's bounds."""

    def __init__(self, catalogue: ContentCatalogue | None = None) -> None:
        self.catalogue = ContentCatalogue() if catalogue is None else catalogue
        self.dropped: Any = None
        """Counter of items that were dropped for want of room; None where nobody counts."""
        self.refused: Any = None
        """Counter of records that are no content items."""

    def on_row(self, content_id: str | None, body: str | None, state: Any) -> None:
        """Applies one record: its time, a space and its JSON; None to delete the item. What is no item changes nothing."""
        if content_id is None:
            # Under no key it could neither be looked up nor deleted.
            self._refuse("", "the record has no key")
            return
        if body is None:
            self.catalogue.remove(content_id)
            state.remove(PREFIX + content_id)
            return
        written, _, given = body.partition(" ")
        try:
            text = encode_item(item_of(given, content_id))
        except ContentRecordError as error:
            self._refuse(content_id, str(error))
            return
        state.put(PREFIX + content_id, f"{written} {text}")
        for each in self.catalogue.put(content_id, text, int(written)):
            state.remove(PREFIX + each)
            if self.dropped is not None:
                self.dropped.inc()

    def add_lacks(self, changes: list[ProposedChange], is_required: bool) -> None:
        """Notes on each change what its item lacks for it. Here, and not in the arbiter: it would need a catalogue of its own."""
        if not len(self.catalogue) and not is_required:
            return
        for change in changes:
            command = change.command
            if command.action in SHOWING_ACTIONS:
                item = self.catalogue.get(command.content_id)
                change.lacks = lack(item, command.action, command.parameters, is_required)

    def _refuse(self, content_id: str, why: str) -> None:
        if self.refused is not None:
            self.refused.inc()
        _log.warning("what is known of the content item %r stays as it was: %s", content_id[:64], why)

    def restore(self, stored: Mapping[str, str]) -> None:
        """Takes what broadcast state held before a restart."""
        for key, value in stored.items():
            if key.startswith(PREFIX):
                written, _, text = value.partition(" ")
                self.catalogue.put(key[len(PREFIX) :], text, int(written))
