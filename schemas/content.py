"""The content contract (content.v1): what a CMS says of an item. All but its id may be unknown."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from schemas.events import Millis

MAX_VARIANTS: Final = 32
MAX_SECTIONS: Final = 200
MAX_TOPICS: Final = 32
MAX_REGIONS: Final = 250
MAX_WORDS: Final = 1_000_000

ContentId = Annotated[str, Meta(min_length=1, max_length=256)]
Words = Annotated[int, Meta(ge=0, le=MAX_WORDS)]
Label = Annotated[str, Meta(min_length=1, max_length=64)]
LanguageTag = Annotated[str, Meta(pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
Region = Annotated[str, Meta(pattern="^([A-Z]{2}|[0-9]{3})$")]


class ReadingLevel(Struct, frozen=True):
    """How hard a text is to read: `score` in the unit of `method`, such as LIX."""

    score: Annotated[float, Meta(ge=-1000, le=1000)]
    method: Literal["lix", "flesch", "flesch_kincaid", "other"]


class Variant(Struct, omit_defaults=True, frozen=True):
    """A version of the item that a page can show: the name that commands use, its language (BCP 47) and length."""

    variant: Label
    language: LanguageTag | None = None
    words: Words | None = None


class Section(Struct, omit_defaults=True, frozen=True):
    """A part of the item, by the id that the page's element carries."""

    id: Label
    words: Words | None = None


class Content(Struct, omit_defaults=True, frozen=True):
    """What is known of one content item. `version` and `updated_at_ms` are the CMS's own."""

    content_id: ContentId
    version: Annotated[str, Meta(max_length=64)] | int | None = None
    title: Annotated[str, Meta(max_length=512)] | None = None
    language: LanguageTag | None = None
    words: Words | None = None
    reading_level: ReadingLevel | None = None
    topics: Annotated[tuple[Label, ...], Meta(max_length=MAX_TOPICS)] = ()
    regions: Annotated[tuple[Region, ...], Meta(max_length=MAX_REGIONS)] = ()
    variants: Annotated[tuple[Variant, ...], Meta(max_length=MAX_VARIANTS)] = ()
    sections: Annotated[tuple[Section, ...], Meta(max_length=MAX_SECTIONS)] = ()
    updated_at_ms: Millis | None = None
