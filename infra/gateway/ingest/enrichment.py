"""Looks up device, language and place of a reader from the request. Only the network of an address is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import maxminddb
from ua_parser import parse

from infra.gateway.client_address import anonymize_ip
from infra.settings import SettingsError
from schemas.events import MAX_PROPERTIES

MAX_USER_AGENT_CHARS: Final = 1024
_BOT_WORDS: Final = (
    "bot",
    "crawl",
    "spider",
    "headless",
    "slurp",
    "curl/",
    "wget/",
    "python-requests",
    "go-http-client",
)
_PHONE_FAMILIES: Final = ("iPhone", "iPod")


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
        context, properties = dict(device_of(user_agent[:MAX_USER_AGENT_CHARS])), {}
        if (bot := context.pop("bot", None)) is not None:
            properties["bot"] = bot
        language = languages.partition(",")[0].partition(";")[0].strip()
        if language and language != "*" and len(language) <= 35 and language.isascii():
            context["language"] = language
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


@lru_cache(maxsize=4096)
def device_of(agent: str) -> Mapping[str, str]:
    """Parses a user agent into device, os, browser and bot, as far as they are known. Cached: do not modify the result."""
    if not agent:
        return {}
    parsed = parse(agent)
    found: dict[str, str] = {}
    if parsed.os is not None:
        found["os"] = parsed.os.family[:128]
    if parsed.user_agent is not None:
        found["browser"] = parsed.user_agent.family[:128]
    family = parsed.device.family if parsed.device is not None else ""
    lowered = agent.lower()
    if family == "Spider" or any(word in lowered for word in _BOT_WORDS):
        found["bot"] = found.get("browser", "unknown")
        found["device"] = "bot"
    elif family in _PHONE_FAMILIES or (found.get("os") == "Android" and "Mobile" in agent):
        found["device"] = "mobile"
    elif family == "iPad" or found.get("os") == "Android" or "Tablet" in agent:
        found["device"] = "tablet"
    elif found.get("os") in ("Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora"):
        found["device"] = "desktop"
    return found


def apply_enrichment(fields: dict[str, Any], enrichment: Enrichment) -> dict[str, Any]:
    """Adds what the event does not say itself. Fields of a wrong type stay as they are, for validation to reject."""
    context, properties = fields.get("context"), fields.get("properties")
    if enrichment.context and (context is None or type(context) is dict):
        own = {name: value for name, value in context.items() if value is not None} if context else {}
        fields["context"] = {**enrichment.context, **own}
    if enrichment.properties and (properties is None or type(properties) is dict):
        both = {**(properties or {}), **enrichment.properties}
        # The addition must not push a valid event over the limit.
        if len(both) <= MAX_PROPERTIES:
            fields["properties"] = both
    return fields
