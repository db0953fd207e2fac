"""Recent clicks of a session: a bounded list, and its contents ranked by exponentially decaying weight."""

from collections.abc import Iterable
from typing import Final, NamedTuple

CLICK_TTL_MS: Final = 300_000
MAX_CLICKS: Final = 16
HALF_LIFE_MS: Final = 60_000
RECENT_MS: Final = 60_000


class Click(NamedTuple):
    at_ms: int
    content_id: str
    content_type: str
    recommended: bool


def append_click(clicks: list[Click], click: Click) -> list[Click]:
    """Returns the clicks that have not expired at the new one, the new one included."""
    kept = [old for old in clicks if click.at_ms - old.at_ms < CLICK_TTL_MS]
    return [*kept, click][-MAX_CLICKS:]


def clicks_within(clicks: Iterable[Click], now_ms: int, period_ms: int = RECENT_MS) -> list[Click]:
    """Returns the clicks of the last `period_ms`."""
    return [click for click in clicks if now_ms - period_ms < click.at_ms <= now_ms]


def count_returns(clicks: Iterable[Click]) -> int:
    """Counts the clicks back on a content item after one on another: going back and forth.

    >>> count_returns([Click(at_ms, name, "news", True) for at_ms, name in enumerate("aabcab")])
    2
    """
    returns, before = 0, ""
    seen: set[str] = set()
    for click in clicks:
        if click.content_id and click.content_id != before:
            returns += click.content_id in seen
            before = click.content_id
            seen.add(before)
    return returns


def rank_by_decay(clicks: Iterable[Click], now_ms: int, by: str) -> list[str]:
    """Ranks contents (or types) by clicks, each weighing half after a minute; ties by name, so that replays agree.

    >>> rank_by_decay([Click(0, "a", "news", True), Click(60_000, "b", "video", True)], 60_000, by="content_id")
    ['b', 'a']
    """
    weights: dict[str, float] = {}
    for click in clicks:
        name = getattr(click, by)
        if name:
            weights[name] = weights.get(name, 0.0) + 0.5 ** ((now_ms - click.at_ms) / HALF_LIFE_MS)
    return sorted(weights, key=lambda name: (-weights[name], name))
