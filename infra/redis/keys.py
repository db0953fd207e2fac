"""What stands where in Redis. Everything that names a person or session has a time to live."""

from typing import Final

SESSION_LIFE_MS: Final = 24 * 3_600_000
"""From the last change on. A session ends after 30 idle minutes, so this is for those who ask afterwards."""

USER_LIFE_MS: Final = 7 * SESSION_LIFE_MS
"""As long as events.v1 may hold what a person did: an erasure has to find the sessions until then."""

ERASED_LIFE_MS: Final = USER_LIFE_MS
"""So long a session whose data was erased stays empty, whatever still comes from the topic."""

EPOCH: Final = "ma:epoch"
"""Hash: topic and partition -> the run of the Redis server that holds their projection. No time to live: it goes
only when everything goes, and that is how a projector learns of it."""


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


def erased(session_id: str) -> str:
    """Marker: this session's data was erased and must not come back."""
    return f"ma:erased:{session_id}"
