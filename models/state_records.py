"""Structs that stand in keyed state as JSON: what is remembered of a target between two evaluations.

Not compiled with the modules that use them (`infra/packaging/mypyc.py`): mypyc drops what a struct says about its fields.
"""

from msgspec import Struct

from models.arbitration.proposed_change import ProposedChange
from models.recent_clicks import Click
from models.rules.event_log import LoggedEvent


class StandingProposal(Struct, array_like=True):
    """What a rule has proposed and that has not expired; for how many windows its `until` has held, and which was counted last.

    `held` is the proposal itself where its cause goes on by itself (`models/rules/held_causes.py`).
    """

    proposed_at_ms: int
    expires_at_ms: int
    streak: int = 0
    counted_at_ms: int = 0
    until_held_at_ms: int = 0
    held: ProposedChange | None = None


class DecisionState(Struct, array_like=True):
    """Cooldowns and streaks of one target, by rule: until when a rule rests, for how many windows it has held, which window was
    counted last, and what it has proposed that lasts.

    State of versions without an arbiter has cooldowns by action, which no rule asks for.
    """

    cooldown_until_ms: dict[str, int] = {}
    streaks: dict[str, int] = {}
    streaks_at_ms: int = 0
    counted_at_ms: dict[str, int] = {}
    standing: dict[str, StandingProposal] = {}
    due_ms: dict[str, int] = {}


class FastLaneState(Struct, array_like=True):
    """Event ids and clicks of one session in the event lane. `latest_ms` is the newest event, for cleaning up, `since_ms` the
    first; 0 where that is not known."""

    ids: list[str] = []
    clicks: list[Click] = []
    latest_ms: int = 0
    since_ms: int = 0


class OpenSilence(Struct, array_like=True):
    """A silence that a rule waits for: the event that it began with, and what was known then, by which the rule is decided at
    `deadline_ms`. `is_over` once it has been decided: its place is taken until no event can come before that time."""

    start: LoggedEvent
    deadline_ms: int
    event_id: str
    user_id: str | None
    content_id: str | None
    clicks: list[Click] = []
    scalars: dict[str, float] = {}
    attributes: dict[str, str] = {}
    is_over: bool = False


class OwnEventsState(Struct, array_like=True):
    """What own counters and sequences remember of a session: events by matcher, the last event of the latest complete sequence by
    sequence, and silences by rule and sequence. `numbered` counts the events."""

    numbered: int = 0
    logs: dict[str, list[LoggedEvent]] = {}
    completed: dict[str, LoggedEvent] = {}
    silences: dict[str, list[OpenSilence]] = {}
