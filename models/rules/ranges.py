"""Between which values the features of rules lie, by their units."""

import re
from math import inf
from typing import Final

from models.judgement.habits import MAX_NATS
from models.recent_clicks import MAX_CLICKS

_SPAN: Final = re.compile(r"(-?\d+)(?:\.\.| or )(-?\d+)")
_NEVER_NEGATIVE: Final = ("count", "ms", "px", "kbit/s", "times", "pages", "pages a minute", "per minute")
_KNOWN: Final = {
    "recent_clicks": (0.0, float(MAX_CLICKS)),
    "recent_recommended_clicks": (0.0, float(MAX_CLICKS)),
}
"""Numbers that end sooner than their units say: so many clicks are remembered."""

NATS_RANGE: Final = (0.0, MAX_NATS)
SHARE_RANGE: Final = (0.0, 1.0)
WHOLE_LOSS_AND_MORE: Final = (-1.0, inf)
"""Of the change of what is never negative, as a fraction."""


def range_of(name: str, unit: str) -> tuple[float, float]:
    """
    >>> range_of("rating", "1..5"), range_of("pages", "count")
    ((1.0, 5.0), (0.0, inf))
    """
    if name in _KNOWN:
        return _KNOWN[name]
    if found := _SPAN.fullmatch(unit):
        return float(found[1]), float(found[2])
    return (0.0 if unit in _NEVER_NEGATIVE else -inf), inf
