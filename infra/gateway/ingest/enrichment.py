"""What the request itself tells of a reader: device and place, never the whole address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final

import maxminddb
from ua_parser import parse

from infra.settings import SettingsError
from schemas.events import MAX_PROPERTIES

LONGEST_AGENT: Final = 1024
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
_PHONES: Final = ("iPhone", "iPod")


@dataclass(frozen=True, slots=True)
class Facts:
    """`context` completes that of an event, `properties` are added to its own."""

    context: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


def truncated(address: str) -> str | None:
    """The network that is kept of an address: /24 of IPv4, /48 of IPv6; None of anything else.

    >>> truncated("203.0.113.77"), truncated("::ffff:203.0.113.77"), truncated("2001:db8:1:2::3"), truncated("anna")
    ('203.0.113.0/24', '203.0.113.0/24', '2001:db8:1::/48', None)
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


class Enricher:
    """Answers from the user agent, the language header and (with a MaxMind file) the address.

    Raises `SettingsError` when the file cannot be read. What it says is added only where the event is silent.
    """

    def __init__(self, geo_database: str = "") -> None:
        self._places: maxminddb.Reader | None = None
        if geo_database:
            try:
                self._places = maxminddb.open_database(geo_database)
            except (OSError, maxminddb.InvalidDatabaseError) as error:
                raise SettingsError(
                    f"MICROADJUST_GATEWAY_GEO_DATABASE={geo_database!r} is no MaxMind file: {error}"
                ) from None

    def facts(self, agent: str, languages: str, address: str) -> Facts:
        """`languages` as in the header Accept-Language. Empty texts are unknown."""
        context, properties = dict(device_of(agent[:LONGEST_AGENT])), {}
        if (bot := context.pop("bot", None)) is not None:
            properties["bot"] = bot
        language = languages.partition(",")[0].partition(";")[0].strip()
        if language and language != "*" and len(language) <= 35 and language.isascii():
            context["language"] = language
        if (network := truncated(address)) is not None:
            properties["network"] = network
        context.update(self._place(address))
        return Facts(context, properties)

    def _place(self, address: str) -> dict[str, str]:
        if self._places is None:
            return {}
        try:
            found: Any = self._places.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            # No address, or a page of the file that is broken: the reader is nowhere, the event goes on.
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
    """device, os, browser and bot, as far as the user agent tells. Callers do not change it."""
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
    elif family in _PHONES or (found.get("os") == "Android" and "Mobile" in agent):
        found["device"] = "mobile"
    elif family == "iPad" or found.get("os") == "Android" or "Tablet" in agent:
        found["device"] = "tablet"
    elif found.get("os") in ("Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora"):
        found["device"] = "desktop"
    return found


def enriched(fields: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """The event with what it does not say itself. Fields of the wrong type stay as they are, for the judge to see."""
    context, properties = fields.get("context"), fields.get("properties")
    if facts.context and (context is None or type(context) is dict):
        own = {name: value for name, value in context.items() if value is not None} if context else {}
        fields["context"] = {**facts.context, **own}
    if facts.properties and (properties is None or type(properties) is dict):
        both = {**(properties or {}), **facts.properties}
        # What is added here must not make an event one too many tags long.
        if len(both) <= MAX_PROPERTIES:
            fields["properties"] = both
    return fields
