"""What reading signals ask of the catalogue of content items, which the CMS fills (content.v1)."""

from collections.abc import Sequence
from typing import Protocol


class SectionFacts(Protocol):
    """A part of an item, in the order of the page."""

    @property
    def id(self) -> str: ...

    @property
    def words(self) -> int | None: ...


class ItemFacts(Protocol):
    """What is known of one item; None for what is not."""

    @property
    def words(self) -> int | None: ...

    @property
    def level(self) -> float | None: ...

    @property
    def level_method(self) -> str | None: ...

    @property
    def sections(self) -> Sequence[SectionFacts]: ...


class KnownItems(Protocol):
    def get(self, content_id: str | None) -> ItemFacts | None:
        """Returns what is known of an item; None where nothing is."""


class NoItems:
    """The catalogue where no CMS has described anything."""

    def get(self, content_id: str | None) -> ItemFacts | None:
        return None
