"""State of one session, built from its actions, its scores and the commands to it."""

from hashlib import blake2b
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from models.session_clock import SESSION_END_MS
from schemas.commands import AdjustmentCommand
from schemas.events import EventType
from schemas.session_state import MAX_ACTIVE, MAX_RECENT, ActiveAdjustment, RecentAction, SessionState

ACTIONS: Final[tuple[EventType, ...]] = ("page_view", "click", "feedback", "conversion", "custom")
"""Deliberate actions of a reader. Scrolling, hovering and moving come by the dozen and are part of the scores."""

STATE_EVENT_TYPES: Final[tuple[EventType, ...]] = (*ACTIONS, "context")
"""The events that change a state: a change of context is no action, but it carries the language."""


class ActionSeen(Struct):
    """The fields of an event of `STATE_EVENT_TYPES` that describe the session."""

    session_id: str
    event_id: str
    type: EventType
    at_ms: int
    user_id: str | None = None
    content_id: str | None = None
    device: str | None = None
    language: str | None = None
    country: str | None = None


class WindowScores(Struct):
    """One window of a session: the scores of detectors and models, each feature's z-score against the session's own past, and the
    reader's segment."""

    session_id: str
    at_ms: int
    user_id: str | None
    content_type: str | None
    scores: dict[str, float | None]
    segment: str | None = None


def with_action(state: SessionState | None, seen: ActionSeen) -> SessionState:
    """Adds an event. Returns `state` itself where the event says nothing new."""
    if state is not None and state.updated_at_ms - seen.at_ms >= SESSION_END_MS:
        # It came so late that it may be of a session before this one.
        return state
    known = _base_state(state, seen.session_id, seen.at_ms)
    if _is_other_person(known, seen.user_id):
        if seen.at_ms < known.updated_at_ms:
            return known
        known = replace(_empty_state(seen.session_id), updated_at_ms=known.updated_at_ms)
    recent = known.recent
    if seen.type in ACTIONS and all(action.event_id != seen.event_id for action in recent):
        action = RecentAction(seen.event_id, seen.type, seen.content_id, seen.at_ms)
        # Partitions and lanes alternate, so that an older action can come after a newer one.
        recent = sorted([*recent, action], key=lambda each: (-each.at_ms, each.event_id))[:MAX_RECENT]
    # A context is no action: it may come without a user while one is signed in.
    user_id = known.user_id if seen.user_id is None and seen.type not in ACTIONS else seen.user_id
    observed = {"device": seen.device, "language": seen.language, "country": seen.country}
    return _apply(known, seen.at_ms, user_id, observed, recent=recent)


def with_scores(state: SessionState | None, update: WindowScores) -> SessionState:
    """Replaces the scores and the segment."""
    known = _base_state(state, update.session_id, update.at_ms)
    if _is_other_person(known, update.user_id):
        # The scores tell of the one before and of the one after, whose first action begins the state anew.
        return known
    user_id = _derived_user(known, update.user_id)
    return _apply(
        known,
        update.at_ms,
        user_id,
        {"content_type": update.content_type},
        scores=update.scores,
        segment=update.segment,
    )


def with_command(state: SessionState | None, command: AdjustmentCommand) -> SessionState:
    """Adds a command to a session. Returns `state` itself where the command was there before."""
    assert command.session_id is not None, "a command to a content item or a segment is no part of a session"
    known = _base_state(state, command.session_id, command.issued_at_ms)
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
    user_id = _derived_user(known, command.user_id)
    return _apply(known, command.issued_at_ms, user_id, {}, active=active)


def _base_state(state: SessionState | None, session_id: str, at_ms: int) -> SessionState:
    """Returns `state` while the session goes on, and an empty one where the session was over before `at_ms`."""
    if state is None or at_ms - state.updated_at_ms >= SESSION_END_MS:
        return _empty_state(session_id)
    return state


def _empty_state(session_id: str) -> SessionState:
    return SessionState(session_id, 0, None, {}, [], None, {}, [])


def _derived_user(known: SessionState, user_id: str | None) -> str | None:
    """Returns the user after a window or a command: they follow from events, and name a user only where no action has."""
    return user_id if known.person is None else known.user_id


def _is_other_person(known: SessionState, user_id: str | None) -> bool:
    return user_id is not None and known.person is not None and person_digest(user_id) != known.person


def _apply(
    known: SessionState, at_ms: int, user_id: str | None, observed: dict[str, str | None], **changed: Any
) -> SessionState:
    """Returns the changed state, or `known` itself where nothing changes.

    Its time never falls, late values do not replace newer ones, and expired adjustments are removed. Without a user the
    visitor has signed out; who that was is remembered, to tell whether the next one is another.
    """
    preferences = {name: value for name, value in observed.items() if value is not None}
    if at_ms < known.updated_at_ms:
        preferences = preferences | known.preferences
        if known.person is not None:
            user_id = known.user_id
    else:
        preferences = known.preferences | preferences
    person = known.person if user_id is None else person_digest(user_id)
    updated_at_ms = max(known.updated_at_ms, at_ms)
    state = replace(
        known, updated_at_ms=updated_at_ms, user_id=user_id, person=person, preferences=preferences, **changed
    )
    state.active = [each for each in state.active if each.expires_at_ms > updated_at_ms][:MAX_ACTIVE]
    return known if state == known else state


def person_digest(user_id: str) -> str:
    """Returns what stands for a user where only sameness counts."""
    return blake2b(user_id.encode("utf-8", "replace"), digest_size=8).hexdigest()
