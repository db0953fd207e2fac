"""What the reader has been clicking lately, most telling first."""

from collections.abc import Iterable
from typing import Final, NamedTuple

MEMORY_MS: Final = 300_000
MOST_CLICKS: Final = 16
HALF_LIFE_MS: Final = 60_000
RECENT_MS: Final = 60_000


class Click(NamedTuple):
    at_ms: int
    content_id: str
    content_type: str
    recommended: bool


def remember(clicks: list[Click], click: Click) -> list[Click]:
    """The clicks still worth remembering, the new one included."""
    kept = [old for old in clicks if click.at_ms - old.at_ms < MEMORY_MS]
    return [*kept, click][-MOST_CLICKS:]


def recent(clicks: Iterable[Click], now_ms: int) -> list[Click]:
    return [click for click in clicks if now_ms - RECENT_MS < click.at_ms <= now_ms]


def ranked(clicks: Iterable[Click], now_ms: int, by: str) -> list[str]:
    """Contents (or types) by clicks, each weighing half after a minute; ties by name, so that replays agree.

    >>> ranked([Click(0, "a", "news", True), Click(60_000, "b", "video", True)], 60_000, by="content_id")
    ['b', 'a']
    """
    weights: dict[str, float] = {}
    for click in clicks:
        name = getattr(click, by)
        if name:
            weights[name] = weights.get(name, 0.0) + 0.5 ** ((now_ms - click.at_ms) / HALF_LIFE_MS)
    return sorted(weights, key=lambda name: (-weights[name], name))
