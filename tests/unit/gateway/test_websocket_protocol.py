"""What a WebSocket client may send beside messages."""

import base64
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from infra.gateway.connections import ConnectionLimits
from infra.gateway.websocket_protocol import FRAMES_BURST, MAX_UNSENT_BYTES, LimitedWebSocketProtocol
from tests.unit.gateway.test_http_protocol import Transport


class SocketTransport(Transport):
    """`unsent` is what the client has not read."""

    unsent = 0

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def set_protocol(self, _: Any) -> None: ...


class NoTasks:
    def create_task(self, coroutine: Any) -> Any:
        coroutine.close()
        return type("Task", (), {"add_done_callback": lambda *_: None})()


def opened() -> tuple[LimitedWebSocketProtocol, SocketTransport]:
    config = uvicorn.Config(lambda: None, log_config=None, lifespan="off")
    config.load()
    protocol = LimitedWebSocketProtocol(config, ServerState(), {}, NoTasks(), limits=ConnectionLimits(10, 10))
    transport = SocketTransport()
    protocol.connection_made(transport)  # type: ignore[arg-type]
    key = base64.b64encode(b"0123456789abcdef").decode()
    protocol.data_received(
        f"GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
        f"sec-websocket-key: {key}\r\n\r\n".encode()
    )
    protocol.conn.send_response(protocol.response)
    protocol.conn.data_to_send()
    return protocol, transport


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
def test_a_flood_of_control_frames_is_cut_and_a_few_are_not(opcode: Opcode) -> None:
    protocol, transport = opened()
    protocol.data_received(frame(opcode, b"x") * FRAMES_BURST)
    assert not transport.is_closed
    protocol.data_received(frame(opcode, b"x") * 10)
    assert transport.is_closed
    written = len(transport.written)
    protocol.data_received(frame(opcode, b"x") * 1000)
    assert len(transport.written) == written


def test_a_message_of_endless_empty_fragments_is_cut() -> None:
    protocol, transport = opened()
    protocol.data_received(frame(Opcode.TEXT, b"", fin=False))
    protocol.data_received(frame(Opcode.CONT, b"", fin=False) * (FRAMES_BURST + 10))
    assert transport.is_closed
    assert len(protocol.frames) <= FRAMES_BURST + 1


def test_a_client_that_pings_and_does_not_read_is_cut() -> None:
    protocol, transport = opened()
    transport.unsent = MAX_UNSENT_BYTES + 1
    protocol.data_received(frame(Opcode.PING, b"x"))
    assert transport.is_closed
