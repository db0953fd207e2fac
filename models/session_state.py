"""What is known of one session, put together from its actions, its scores and the commands to it."""

from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from models.session_clock import SESSION_END_MS
from schemas.commands import AdjustmentCommand
from schemas.events import EventType
from schemas.session_state import MAX_ACTIVE, MAX_RECENT, ActiveAdjustment, RecentAction, SessionState

ACTIONS: Final[tuple[EventType, ...]] = ("page_view", "click", "feedback", "conversion", "custom")
"""What a reader does on purpose. Scrolling, hovering and moving come by the dozen and stand in the scores."""

TELLING: Final[tuple[EventType, ...]] = (*ACTIONS, "context")
"""The events that change a state: a change of context is no action, but it says in which language one reads."""


class Seen(Struct):
    """One of the `TELLING` events, as far as it says something about the session."""

    session_id: str
    event_id: str
    type: EventType
    at_ms: int
    user_id: str | None = None
    content_id: str | None = None
    device: str | None = None
    language: str | None = None
    country: str | None = None


class Scored(Struct):
    """One window of a session: the forest's score and each feature's z-score against the session's own past."""

    session_id: str
    at_ms: int
    user_id: str | None
    content_type: str | None
    scores: dict[str, float | None]


def with_seen(state: SessionState | None, seen: Seen) -> SessionState:
    """Answers `state` itself where the event says nothing new."""
    known = _known(state, seen.session_id, seen.at_ms)
    recent = known.recent
    if seen.type in ACTIONS and all(action.event_id != seen.event_id for action in recent):
        action = RecentAction(seen.event_id, seen.type, seen.content_id, seen.at_ms)
        # Partitions and lanes take turns, so that an older action can come after a newer one.
        recent = sorted([*recent, action], key=lambda each: (-each.at_ms, each.event_id))[:MAX_RECENT]
    told = {"device": seen.device, "language": seen.language, "country": seen.country}
    return _at(known, seen.at_ms, seen.user_id, told, recent=recent)


def with_scores(state: SessionState | None, scored: Scored) -> SessionState:
    known = _known(state, scored.session_id, scored.at_ms)
    return _at(known, scored.at_ms, scored.user_id, {"content_type": scored.content_type}, scores=scored.scores)


def with_command(state: SessionState | None, command: AdjustmentCommand) -> SessionState:
    """`command` is one to a session. Answers `state` itself where the command was there before."""
    assert command.session_id is not None, "a command to a content item or a segment is no part of a session"
    known = _known(state, command.session_id, command.issued_at_ms)
    if any(each.command_id == command.command_id for each in known.active):
        return known
    active = [each for each in known.active if each.command_id != command.reverts]
    if command.action != "revert":
        active.append(
            ActiveAdjustment(
                command.command_id, command.action, command.parameters, command.issued_at_ms, command.expires_at_ms
            )
        )
        active.sort(key=lambda each: (-each.issued_at_ms, each.command_id))
    return _at(known, command.issued_at_ms, command.user_id, {}, active=active)


def _known(state: SessionState | None, session_id: str, at_ms: int) -> SessionState:
    """What still holds: nothing of a session that was over before this."""
    if state is None or at_ms - state.updated_at_ms >= SESSION_END_MS:
        return SessionState(session_id, 0, None, {}, [], None, {}, [])
    return state


def _at(
    known: SessionState, at_ms: int, user_id: str | None, told: dict[str, str | None], **changed: Any
) -> SessionState:
    """The changed state, or `known` itself where all stays the same. Its time never falls, what comes late does not
    overrule what is known by then, and what has expired is no longer active."""
    preferences = {name: value for name, value in told.items() if value is not None}
    if at_ms < known.updated_at_ms:
        preferences, user_id = preferences | known.preferences, known.user_id or user_id
    else:
        preferences, user_id = known.preferences | preferences, user_id or known.user_id
    updated_at_ms = max(known.updated_at_ms, at_ms)
    state = replace(known, updated_at_ms=updated_at_ms, user_id=user_id, preferences=preferences, **changed)
    state.active = [each for each in state.active if each.expires_at_ms > updated_at_ms][:MAX_ACTIVE]
    return known if state == known else state
