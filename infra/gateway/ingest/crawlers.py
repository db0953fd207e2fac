"""Tells crawlers and programs from people by the user agent, with the public list `crawler-user-agents`.

The patterns run in ua-parser's Rust matcher, whose time is linear in the agent's length whatever is sent
(`infra/docs/decisions/0051-crawlers-by-public-list.md`).
"""

import re
from functools import cache
from typing import Any, Final

import crawleruseragents
import ua_parser_rs
from ua_parser import Result

_MODEL: Final = re.compile(r"Android [^;)]*;(?: ?[a-zA-Z]{2}[-_][a-zA-Z]{0,3};)?[^;)]*")
"""Version, language and model of an Android device: a model's name (CUBOT, M bot 60, Butterfly) is no crawler's."""

_WORDS: Final = re.compile(
    r"(?:(?<!cu)(?<!ab)(?<!al)bot|(?<!s)crawler|spider|scraper|archiver|validator|slurp|monitor|check(?:er)?|fetcher"
    r"|transcoder|thumb)(?![a-z])"
    r"|headless|lighthouse|gtmetrix|mediapartners|wkhtmlto|webkit2png|\bcrawl|\bptst\b|\bword/\d"
    r"|\bms-?office|microsoft office|https?(?: ?client|components|request|\.rb)|guzzle"
    r"|google[ -](?!app|tv)[a-z]|yandex\.?(?:translate|something|/)|https?://|www\.|\w(?:@|\(at\))[\w-]{1,63}\.[a-z]{2}",
    re.IGNORECASE,
)
"""Words with which crawlers that no list knows name themselves, and the addresses at which they can be asked to stop."""

_NAME: Final = re.compile(r"[A-Za-z]{2}")

_BROWSER: Final = re.compile(r"Mozilla/5\.0 .*(?:AppleWebKit|Gecko)/.*(?:Chrome|Safari|Firefox)/")

_BROWSER_PREFIXES: Final = ("Mozilla/", "Opera/")
"""How the agents of browsers, and of crawlers that load pages, begin."""


def is_crawler(agent: str, parsed: Result) -> bool:
    """Whether the agent, parsed by ua-parser, is of a crawler or a program.

    An app that names a known device (`WhatsApp/2.11 Android/4.2.1 Device/asus-…`) is an app on that device. The parser's own
    verdict counts except for whole browsers: it takes any word with "bot" or "crawl" in it for a crawler's name.
    """
    device = parsed.device
    says_spider = device is not None and device.family == "Spider"
    if not is_browser_like(agent) and not says_spider and _is_known(device):
        return False
    nameless = _MODEL.sub("", agent)
    if _listed().extract(nameless) is not None or _WORDS.search(nameless) is not None:
        return True
    if says_spider and _BROWSER.match(agent) is None:
        return True
    return device is None and parsed.os is None and parsed.user_agent is None and _NAME.search(agent) is not None


def is_browser_like(agent: str) -> bool:
    """Whether the agent begins as those of browsers do."""
    return agent.startswith(_BROWSER_PREFIXES)


def _is_known(device: Any) -> bool:
    return device is not None and bool(device.brand) and not device.brand.startswith("Generic")


@cache
def _listed() -> Any:
    """The public list, compiled once: 25 ms."""
    entries = crawleruseragents.CRAWLER_USER_AGENTS_DATA
    return ua_parser_rs.UserAgentExtractor([(each["pattern"], None, None, None, None, None) for each in entries])
