"""What is remembered of a target between two looks at it: the structs that stand in keyed state as JSON.

Not compiled with the modules that use them (`infra/packaging/mypyc.py`): mypyc drops what a struct says about its fields.
"""

from msgspec import Struct

from models.recent_clicks import Click


class DecisionState(Struct, array_like=True):
    """Cooldowns by action and streaks by rule, for one target in one lane."""

    cooldown_until_ms: dict[str, int] = {}
    streaks: dict[str, int] = {}
    streaks_at_ms: int = 0


class Gestures(Struct, array_like=True):
    """What a session's fast lane remembers. `latest_ms` is the newest event, for cleaning up."""

    ids: list[str] = []
    clicks: list[Click] = []
    latest_ms: int = 0
