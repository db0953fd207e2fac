"""What clients of the push endpoints receive."""

from typing import Any

import msgspec
from websockets.sync.client import ClientConnection


def heard(socket: ClientConnection, quiet_s: float = 1.0, most: int = 1_000_000) -> list[dict[str, Any]]:
    """The messages that come until none has come for a while."""
    found: list[dict[str, Any]] = []
    while len(found) < most:
        try:
            found.append(msgspec.json.decode(socket.recv(timeout=quiet_s)))
        except TimeoutError:
            break
    return found


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [each["command"]["command_id"] for each in messages]
