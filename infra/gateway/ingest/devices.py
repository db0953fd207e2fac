"""Reads device, operating system, browser and crawler off a user agent, and the device off a sender's own words for it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from ua_parser import Result, parse

from infra.gateway.ingest.crawlers import is_browser_like, is_crawler
from schemas.devices import device_text

MAX_USER_AGENT_CHARS: Final = 1024

_PHONE_FAMILIES: Final = ("iPhone", "iPod")
_PHONE_SYSTEMS: Final = ("Windows Phone", "BlackBerry OS", "KaiOS", "Firefox OS", "Symbian OS")
_DESKTOP_SYSTEMS: Final = (
    *(
        "Windows",
        "Mac OS X",
        "Linux",
        "Ubuntu",
        "Chrome OS",
        "Fedora",
        "Debian",
        "FreeBSD",
        "OpenBSD",
        "NetBSD",
        "Solaris",
    ),
)
_TV_WORDS: Final = (
    "SMART-TV",
    "SmartTV",
    "Smart-TV",
    "GoogleTV",
    "Google TV",
    "Android TV",
    "AppleTV",
    "HbbTV",
    "BRAVIA",
)
_TV_SYSTEMS: Final = ("Tizen", "webOS", "Web0S", "tvOS", "Roku")

_PLATFORMS: Final = ("ios", "android", "web")
"""Words that name a platform of phones, tablets and others: the model or the agent tells more."""


@lru_cache(maxsize=4096)
def device_of(agent: str) -> Mapping[str, str]:
    """Parses a user agent into device, os, browser and bot, as far as they are known. Cached: do not modify the result."""
    # JSON may hold half a surrogate pair, which the parser's own encoding refuses.
    agent = agent[:MAX_USER_AGENT_CHARS].encode("utf-8", "replace").decode()
    if not agent:
        return {}
    parsed = parse(agent)
    found: dict[str, str] = {}
    if parsed.os is not None:
        found["os"] = parsed.os.family[:128]
    if parsed.user_agent is not None:
        found["browser"] = parsed.user_agent.family[:128]
    if is_crawler(agent, parsed):
        found["bot"] = found.get("browser", "unknown")
        found["device"] = "bot"
    elif (kind := _kind(agent, parsed)) is not None:
        found["device"] = kind
    return found


def device_kind(given: str, model: str = "", agent: str = "") -> str:
    """Returns the kind of device that a sender's word means; the word itself if it is none of those known.

    >>> device_kind("ios", "iPhone16,2"), device_kind("ios", "iPad14,3"), device_kind("Smartphone"), device_kind("fridge")
    ('mobile', 'tablet', 'mobile', 'fridge')
    """
    word = given.strip().lower()
    if word in _PLATFORMS:
        if model.lower().startswith("ipad"):
            return "tablet"
        if model.lower().startswith(("iphone", "ipod")):
            return "mobile"
        if (by_agent := device_of(agent).get("device")) is not None:
            return by_agent
    return device_text(given)


def speaks_for_reader(agent: str) -> bool:
    """Whether a request with this agent was sent by the reader's own device: a browser, or an app that names its device.

    A server's HTTP library (python-requests, axios, Go-http-client) is none: of the reader such a request tells nothing.
    """
    if is_browser_like(agent):
        return True
    found = device_of(agent)
    return found.get("os") is not None and found.get("device") != "bot"


def _kind(agent: str, parsed: Result) -> str | None:
    system = parsed.os.family if parsed.os is not None else ""
    family = parsed.device.family if parsed.device is not None else ""
    if system in _TV_SYSTEMS or any(word in agent for word in _TV_WORDS):
        return "tv"
    if family in _PHONE_FAMILIES or system in _PHONE_SYSTEMS or (system == "Android" and "Mobile" in agent):
        return "mobile"
    if family == "iPad" or system == "Android" or "Tablet" in agent:
        return "tablet"
    return "desktop" if system in _DESKTOP_SYSTEMS else None
