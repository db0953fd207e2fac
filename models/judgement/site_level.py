"""The site's level now: scales what is usual when the whole site does more or less at once."""

from collections.abc import Sequence
from typing import Final

from models.judgement.site_card import SiteCard

BALLAST_MINUTES: Final = 10.0
"""Active minutes that the half hour's level counts for: a small site has no tide."""

_MINUTE_MS: Final = 60_000.0
_FURTHEST: Final = 10.0


def site_level(sums: Sequence[float], active_ms: float, card: SiteCard) -> list[float]:
    """Level of each habit over the last slices of all sessions, by that of the site's first card.

    `sums` are over sessions and slices, `active_ms` the length of the slices in which a session had any event. All ones
    while the site has no card.
    """
    if not card.base:
        return [1.0] * len(card.level)
    minutes = active_ms / _MINUTE_MS
    levels = []
    for place, base in enumerate(card.base):
        usual = card.level[place]
        if not base:
            levels.append(usual)
            continue
        level = (sums[place] / base + BALLAST_MINUTES * usual) / (minutes + BALLAST_MINUTES)
        levels.append(min(max(level, usual / _FURTHEST), usual * _FURTHEST))
    return levels
