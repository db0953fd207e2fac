"""What the job keeps of a content item: what rules and the arbiter ask for, and no titles."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from schemas.content import (
    MAX_REGIONS,
    MAX_SECTIONS,
    MAX_TOPICS,
    MAX_VARIANTS,
    Content,
    Label,
    Region,
    Section,
    Variant,
)
from schemas.unreadable import UNREADABLE


class DescribedContent(Content, frozen=True):
    """An item as it stands on content.v1, where null and a missing list mean the same: that nothing is said."""

    topics: Annotated[tuple[Label, ...], Meta(max_length=MAX_TOPICS)] | None = None  # type: ignore[assignment]
    regions: Annotated[tuple[Region, ...], Meta(max_length=MAX_REGIONS)] | None = None  # type: ignore[assignment]
    variants: Annotated[tuple[Variant, ...], Meta(max_length=MAX_VARIANTS)] | None = None  # type: ignore[assignment]
    sections: Annotated[tuple[Section, ...], Meta(max_length=MAX_SECTIONS)] | None = None  # type: ignore[assignment]


class ItemVariant(Struct, array_like=True, frozen=True):
    """A version that a page can show: its name, language and length."""

    variant: str
    language: str | None = None
    words: int | None = None


class ItemSection(Struct, array_like=True, frozen=True):
    """A part of the item, by the id of its element."""

    id: str
    words: int | None = None


class ContentItem(Struct, array_like=True, frozen=True):
    """One item. `variants` is None where nothing is said of them, and empty where there are none.

    `regions` are those in which the item may be shown; empty for everywhere. `level` is in the unit of `level_method`.
    """

    language: str | None = None
    words: int | None = None
    level: float | None = None
    level_method: str | None = None
    regions: tuple[str, ...] = ()
    variants: tuple[ItemVariant, ...] | None = None
    sections: tuple[ItemSection, ...] = ()
    topics: tuple[str, ...] = ()

    def languages(self) -> tuple[str, ...]:
        """The item's own language first, then those of its variants, each once."""
        named = (self.language, *(each.language for each in self.variants or ()))
        return tuple(dict.fromkeys(each for each in named if each is not None))


_decoder: Final = msgspec.json.Decoder(DescribedContent)
_item_decoder: Final = msgspec.json.Decoder(ContentItem)
_encoder: Final = msgspec.json.Encoder()


class ContentRecordError(ValueError):
    """Raised for a record of content.v1 that is no content item; the message says why."""


def item_of(body: str, content_id: str) -> ContentItem:
    """Reads a record of content.v1. Raises `ContentRecordError`."""
    try:
        given = _decoder.decode(body)
    except UNREADABLE as error:
        raise ContentRecordError(str(error)) from None
    if given.content_id != content_id:
        raise ContentRecordError(f"content_id: {given.content_id} stands under the key {content_id}")
    level = given.reading_level
    return ContentItem(
        given.language,
        given.words,
        None if level is None else level.score,
        None if level is None else level.method,
        given.regions or (),
        None
        if given.variants is None
        else tuple(ItemVariant(each.variant, each.language, each.words) for each in given.variants),
        tuple(ItemSection(each.id, each.words) for each in given.sections or ()),
        given.topics or (),
    )


def encode_item(item: ContentItem) -> str:
    """The compact text in which an item is held in memory and in broadcast state."""
    return _encoder.encode(item).decode()


def decode_item(text: str) -> ContentItem:
    """The inverse of `encode_item`."""
    return _item_decoder.decode(text)
