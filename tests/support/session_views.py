"""What the gateway answers about sessions."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from infra.gateway.rest.sessions import SessionView

PATIENCE_S = 15.0


def view_of(client: httpx.Client, session_id: str = "anna") -> SessionView:
    """Returns the view as Redis holds it: asks again where Redis was slower than the gateway waits, as on a busy machine."""
    found = undegraded(lambda: client.get(f"/v1/sessions/{session_id}"))
    return msgspec.convert(found, SessionView)


def first_view_of(client: httpx.Client, session_id: str = "anna") -> SessionView:
    """Returns the first answer, which may be a default that says it is degraded."""
    answer = client.get(f"/v1/sessions/{session_id}")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=SessionView)


def undegraded(ask: Callable[[], httpx.Response]) -> Any:
    """Asks until Redis answers in time, and returns the body."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        answer = ask()
        assert answer.status_code == 200, answer.text
        found = answer.json()
        if not found["degraded"]:
            return found
        assert time.monotonic() < end_s, "Redis does not answer in time"
        time.sleep(0.02)
