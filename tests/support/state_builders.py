"""States and commands with names for people and instants."""

from typing import Any

import msgspec

from schemas import commands
from schemas.commands import AdjustmentCommand, Source, Target, command_id
from schemas.session_state import ActiveAdjustment, RecentAction, SessionState
from tests.support.event_builders import now_ms

MINUTE_MS = 60_000


def state(session_id: str = "anna", updated_at_ms: int | None = None, **changed: Any) -> SessionState:
    at_ms = updated_at_ms if updated_at_ms is not None else now_ms()
    whole = SessionState(
        session_id=session_id,
        updated_at_ms=at_ms,
        user_id=None,
        preferences={"language": "fr", "length": "short"},
        recent=[RecentAction(f"e-{session_id}-{at_ms}", "click", "morning-news", at_ms)],
        segment="skimmers",
        scores={"forest": 0.42, "surprise": None},
        active=[ActiveAdjustment("c1", "simplify", {"variant": "simple"}, at_ms, at_ms + 5 * MINUTE_MS)],
    )
    return msgspec.structs.replace(whole, **changed)


def state_record(state: SessionState) -> tuple[str, bytes]:
    return state.session_id, msgspec.json.encode(state)


def command(session_id: str | None = "anna", trigger: str = "w1", **changed: Any) -> AdjustmentCommand:
    """One for a session, or, without one, for a content item."""
    target = Target("session", session_id) if session_id is not None else Target("content", "morning-news")
    source = Source("rule", "mission-simplify", 1)
    at_ms = now_ms()
    whole = AdjustmentCommand(
        command_id=command_id(target, source, trigger),
        issued_at_ms=at_ms,
        expires_at_ms=at_ms + 5 * MINUTE_MS,
        target=target,
        session_id=session_id,
        user_id=None,
        content_id="morning-news",
        action="simplify",
        parameters={"variant": "simple"},
        priority=70,
        source=source,
        evidence={},
    )
    return msgspec.structs.replace(whole, **changed)


def command_record(command: AdjustmentCommand) -> tuple[str, bytes]:
    return command.target.id, commands.encode(command)


def outcome(**more: Any) -> dict[str, Any]:
    return {"command_id": "c1", "session_id": "anna", "status": "applied", "occurred_at_ms": now_ms(), **more}
