"""Looks up device, language and place of a reader from the request. Only the network of an address is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import maxminddb

from infra.gateway.client_address import anonymize_ip
from infra.gateway.ingest.devices import device_of
from infra.settings import SettingsError
from models.language_tags.accept_language import language_ranges
from schemas.events import MAX_PROPERTIES

MAX_LANGUAGES_CHARS: Final = 128
"""As in the contract of events."""

BOT: Final = "bot"
"""The property that names a crawler."""


@dataclass(frozen=True, slots=True)
class Enrichment:
    """Fields to add to an event: to its `context` and to its `properties`."""

    context: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


class Enricher:
    """Looks up an enrichment by user agent, Accept-Language and (with a MaxMind database) address.

    Raises `SettingsError` if the database cannot be read.
    """

    def __init__(self, geo_database: str = "") -> None:
        self._places: maxminddb.Reader | None = None
        if geo_database:
            try:
                self._places = maxminddb.open_database(geo_database)
            except (OSError, maxminddb.InvalidDatabaseError) as error:
                raise SettingsError(
                    f"MICROADJUST_GATEWAY_GEO_DATABASE={geo_database!r} cannot be read: {error}; give a MaxMind .mmdb file"
                ) from None

    def lookup(self, user_agent: str, languages: str, address: str) -> Enrichment:
        """`languages` is the value of Accept-Language. Empty strings are unknown."""
        context, properties = dict(device_of(user_agent)), {}
        if (bot := context.pop("bot", None)) is not None:
            properties[BOT] = bot
        if preferred := preferred_languages(languages):
            context["language"] = preferred[0]
            if len(preferred) > 1:
                context["languages"] = ",".join(preferred)
        if (network := anonymize_ip(address)) is not None:
            properties["network"] = network
        context.update(self._place(address))
        return Enrichment(context, properties)

    def _place(self, address: str) -> dict[str, str]:
        if self._places is None:
            return {}
        try:
            found: Any = self._places.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            # Not an address, or a broken page of the file: the place stays unknown, the event goes on.
            return {}
        if not isinstance(found, dict):
            return {}
        subdivisions = found.get("subdivisions") or [{}]
        place = {
            "country": found.get("country", {}).get("iso_code"),
            "region": subdivisions[0].get("iso_code"),
            "city": found.get("city", {}).get("names", {}).get("en"),
        }
        return {name: value[:128] for name, value in place.items() if isinstance(value, str)}


@lru_cache(maxsize=1024)
def preferred_languages(header: str) -> tuple[str, ...]:
    """Returns the languages of Accept-Language, those with the greatest weight first; as many as fit into an event's field.

    >>> preferred_languages("de;q=0.3, fr;q=0.9"), preferred_languages("de-CH, fr;q=0.8"), preferred_languages("fr;q=0, *")
    (('fr', 'de'), ('de-CH', 'fr'), ())
    """
    found: list[str] = []
    chars = 0
    for each in language_ranges(header):
        chars += len(each) + 1
        if chars > MAX_LANGUAGES_CHARS:
            break
        if not each.startswith("*"):
            found.append(each)
    return tuple(found)


def add_named(properties: Mapping[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    """Adds the gateway's own properties; one whose name the event uses itself is added under `gateway.` and that name."""
    if named.keys().isdisjoint(properties):
        return {**named, **properties}
    own = {name if properties.get(name) is None else f"gateway.{name}": text for name, text in named.items()}
    # First, so that they survive where an event has too many of its own.
    return {**own, **{name: value for name, value in properties.items() if value is not None or name not in own}}


def _leads(language: Any, context: Mapping[str, str]) -> bool:
    return isinstance(language, str) and language.lower() == context.get("language", "").lower()


def apply_enrichment(fields: dict[str, Any], enrichment: Enrichment) -> dict[str, Any]:
    """Adds what the event does not say itself. Fields of a wrong type stay as they are, for validation to reject."""
    context, properties = fields.get("context"), fields.get("properties")
    if enrichment.context and (context is None or type(context) is dict):
        own = {name: value for name, value in context.items() if value is not None} if context else {}
        fields["context"] = {**enrichment.context, **own}
        if "language" in own and "languages" not in own and not _leads(own["language"], enrichment.context):
            # Who names another language knows better than the browser's list, which would come before it.
            fields["context"].pop("languages", None)
    if enrichment.properties and (properties is None or type(properties) is dict):
        both = add_named(properties or {}, enrichment.properties)
        # The addition must not push a valid event over the limit.
        if len(both) <= MAX_PROPERTIES:
            fields["properties"] = both
    return fields
