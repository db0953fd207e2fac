"""Events as pages send them, and the time of now."""

import time
from typing import Any
from uuid import uuid4


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def event(event_id: str = "", **more: Any) -> dict[str, Any]:
    """A click of now in the session `anna`, with an id of its own."""
    fields = {"event_id": event_id or uuid4().hex, "type": "click", "occurred_at_ms": now_ms(), "session_id": "anna"}
    return {**fields, **more}
