"""What the gateway answers about a session."""

import httpx
import msgspec

from infra.gateway.rest.sessions import SessionView


def view_of(client: httpx.Client, session_id: str = "anna") -> SessionView:
    answer = client.get(f"/v1/sessions/{session_id}")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=SessionView)
