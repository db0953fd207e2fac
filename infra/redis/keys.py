"""Names the keys in Redis. Every key that names a person or session has a time to live."""

from typing import Final

SESSION_LIFE_MS: Final = 24 * 3_600_000
"""From the last change on. A session ends after 30 idle minutes; the rest is for requests that come later."""

USER_LIFE_MS: Final = 7 * SESSION_LIFE_MS
"""As long as events.v1 may hold a person's events: an erasure has to find the sessions until then."""

ERASED_LIFE_MS: Final = USER_LIFE_MS
"""An erased session stays empty for so long, whatever the topic still delivers."""

OWNER_LIFE_MS: Final = 2 * SESSION_LIFE_MS
"""From the last event on: longer than anything of the session can be read."""

ERASED_LOG: Final = "ma:erased-log"
"""Sorted set: erased sessions, and digests of erased people, by the time of their erasure; gateways follow it."""

TOMBSTONES_DUE: Final = "ma:tombstones-due"
"""Sorted set: erased sessions whose state is deleted from the topic a second time, by when; the job may write it until then."""

EPOCH: Final = "ma:epoch"
"""Hash: topic and partition -> the run of the Redis server that holds their projection. No time to live: it is lost
only when all data is lost, which is how a projector detects that."""


def session(session_id: str) -> str:
    """Hash: the fields of `SessionState`, each as JSON."""
    return f"ma:session:{session_id}"


def recent(session_id: str) -> str:
    """List, newest first: `RecentAction` as JSON, written by the collector before its 202."""
    return f"ma:recent:{session_id}"


def adjustments(session_id: str) -> str:
    """Hash: command_id -> the command as JSON, for commands to this session."""
    return f"ma:adjustments:{session_id}"


def target(kind: str, target_id: str) -> str:
    """Hash: command_id -> the command as JSON, for commands to a content item or a segment."""
    return f"ma:target:{kind}:{target_id}"


def user(user_id: str) -> str:
    """Set: the ids of a person's sessions."""
    return f"ma:user:{user_id}"


def erasure(user_id: str) -> str:
    """Set: the sessions that an erasure of this person has not finished with."""
    return f"ma:erasure:{user_id}"


def owner(session_id: str) -> str:
    """Text: level, digest of the address and name of the source that began this session, where its sender made up the id."""
    return f"ma:owner:{session_id}"


def erased(session_id: str) -> str:
    """Marker: this session's data was erased and must not come back."""
    return f"ma:erased:{session_id}"
