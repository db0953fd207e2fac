"""Where and on what a reader reads, as rules see it, and what that means for a content item."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from models.content_item import ContentItem
from models.language_tags.choice import choose_language
from schemas.unreadable import UNREADABLE

_INPUTS: Final = {"mobile": "touch", "phone": "touch", "tablet": "touch", "desktop": "mouse", "tv": "remote"}
"""How readers point at things, by kind of device."""

_COUNTRY: Final = re.compile("[A-Za-z]{2}")


class ReadingContext(Struct, omit_defaults=True, frozen=True):
    """What the last `context` event of a session said. `languages` are the reader's, most wanted first, with commas between."""

    os: str | None = None
    browser: str | None = None
    country: str | None = None
    region: str | None = None
    language: str | None = None
    languages: str | None = None
    timezone: str | None = None
    rtt_ms: float | None = None
    downlink_kbps: float | None = None
    save_data: float | None = None
    user_expertise: str | None = None

    def texts(self) -> dict[str, str | None]:
        """What `context` conditions compare, the device left out."""
        return {name: getattr(self, name) for name in CONTEXT_TEXTS}

    def numbers(self) -> Iterator[tuple[str, float]]:
        """What `feature` conditions compare; what is unknown is left out."""
        for name in CONTEXT_NUMBERS:
            if (number := getattr(self, name)) is not None:
                yield name, float(number)


CONTEXT_TEXTS: Final = ("os", "browser", "country", "region", "language", "timezone", "user_expertise")
CONTEXT_NUMBERS: Final = ("rtt_ms", "downlink_kbps", "save_data")

_decoder: Final = msgspec.json.Decoder(ReadingContext)


def decode_context(text: str) -> ReadingContext | None:
    """Reads the JSON that the windows carry; None where it is no context."""
    try:
        return _decoder.decode(text)
    except UNREADABLE:
        return None


def input_of(device: str | None) -> str | None:
    """How a reader with that device points: touch, mouse or remote; None where the device does not tell.

    >>> input_of("tablet"), input_of("desktop"), input_of("fridge")
    ('touch', 'mouse', None)
    """
    return None if device is None else _INPUTS.get(device)


def languages_of(language: str | None, languages: str | None) -> list[str]:
    """The reader's languages, the most wanted first: the list where there is one, else the one language.

    >>> languages_of("fr", "fr-CH, fr,en"), languages_of("fr", None), languages_of(None, None)
    (['fr-CH', 'fr', 'en'], ['fr'], [])
    """
    return [each.strip() for each in (languages or language or "").split(",") if each.strip()]


def better_language(item: ContentItem, wanted: list[str]) -> str | None:
    """The language of a variant that suits the reader better than the item's own language; None where its own will do.

    >>> from models.content_item import ContentItem, ItemVariant
    >>> item = ContentItem(language="en", variants=(ItemVariant("french", "fr"),))
    >>> better_language(item, ["fr-CH", "en"]), better_language(item, ["en", "fr"]), better_language(item, ["ja"])
    ('fr', None, None)
    """
    best = choose_language(wanted, item.languages())
    return None if best is None or best == item.language else best


def is_in_region(item: ContentItem, country: str | None) -> bool | None:
    """Whether the item may be shown in the reader's country; None where that is not known.

    Which countries a region of UN M49 holds is not known here: beside one, a country that is not named stays unknown.
    """
    if not item.regions or country is None or not _COUNTRY.fullmatch(country):
        return None
    if country.upper() in item.regions:
        return True
    return None if any(each.isdigit() for each in item.regions) else False
