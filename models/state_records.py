"""Structs that stand in keyed state as JSON: what is remembered of a target between two evaluations.

Not compiled with the modules that use them (`infra/packaging/mypyc.py`): mypyc drops what a struct says about its fields.
"""

from msgspec import Struct

from models.recent_clicks import Click


class DecisionState(Struct, array_like=True):
    """Cooldowns and streaks of one target: until when an action must not be repeated, for how many windows a rule has held,
    and which window was counted last."""

    cooldown_until_ms: dict[str, int] = {}
    streaks: dict[str, int] = {}
    streaks_at_ms: int = 0
    counted_at_ms: dict[str, int] = {}


class FastLaneState(Struct, array_like=True):
    """Event ids and clicks of one session in the event lane. `latest_ms` is the newest event, for cleaning up."""

    ids: list[str] = []
    clicks: list[Click] = []
    latest_ms: int = 0
