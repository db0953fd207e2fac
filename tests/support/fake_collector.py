"""A real HTTP server that stands where the gateway stands: it keeps every request it gets, and answers as it is told."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from infra.local.home import PROJECT
from schemas.event_validation import validate_record
from schemas.events import Event

TRACKER = PROJECT / ".build" / "tracker"
KEY = "public-key"


@dataclass(frozen=True)
class Batch:
    """One request with events, as it came. `status` is what it was answered."""

    arrived_at_ms: int
    status: int
    headers: dict[str, str]
    document: dict[str, Any]
    bytes: int


@dataclass
class Collector:
    """`answers` holds (status, headers) for the next batches; when it is empty, batches are accepted.

    Pages are what `pages` says, with the headers of `page_headers`. With `push` off, WebSockets are refused.
    """

    port: int = 0
    pages: dict[str, str] = field(default_factory=dict)
    page_headers: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    connections: list[dict[str, str]] = field(default_factory=list)
    websockets: bool = True
    loop: asyncio.AbstractEventLoop | None = None
    listeners: list[asyncio.Queue[str | None]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Of accepted batches, each event once, in the order they came."""
        seen: dict[str, dict[str, Any]] = {}
        for batch in list(self.batches):
            for event in batch.document["events"] if batch.status == 202 else ():
                seen.setdefault(event["event_id"], event)
        return [event for event in seen.values() if kind in (None, event["type"])]

    def named(self, name: str) -> list[dict[str, Any]]:
        """Custom events of that name."""
        return [event for event in self.events("custom") if event.get("properties", {}).get("name") == name]

    def wait_for(self, what: Callable[[], Any], patience_s: float = 10.0) -> Any:
        """What `what` finds once it finds something; raises AssertionError when time is up."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.02)
        kinds = [(event["type"], event.get("element")) for event in self.events()]
        raise AssertionError(f"not within {patience_s} s; came: {kinds}")

    def push(self, message: str | None) -> None:
        """To all that listen; None hangs up."""
        assert self.loop is not None
        for listener in list(self.listeners):
            self.loop.call_soon_threadsafe(listener.put_nowait, message)

    def command(self, action: str, parameters: dict[str, Any], command_id: str, number: int = 1, **more: Any) -> None:
        now_ms = time.time_ns() // 1_000_000
        command = {
            "command_id": command_id,
            "issued_at_ms": now_ms,
            "expires_at_ms": now_ms + 60_000,
            "target": {"kind": "session", "id": "s"},
            "action": action,
            "parameters": parameters,
            "reverts": None,
            **more,
        }
        self.push(msgspec.json.encode({"id": f"0-{number}", "command": command}).decode())

    async def _events(self, request: Request) -> Response:
        raw = await request.body()
        document = msgspec.json.decode(raw)
        status, headers = self.answers.pop(0) if self.answers else (202, {})
        batch = Batch(time.time_ns() // 1_000_000, status, dict(request.headers), document, len(raw))
        self.batches.append(batch)
        events = document["events"]
        answer = {"accepted": len(events), "duplicates": 0, "rejected": [], "push_token": "token"}
        headers = {"access-control-allow-origin": "*", "access-control-expose-headers": "retry-after", **headers}
        return Response(msgspec.json.encode(answer), status, headers, "application/json")

    async def _outcomes(self, request: Request) -> Response:
        document = msgspec.json.decode(await request.body())
        assert document["write_key"] == KEY
        self.outcomes.extend(document["outcomes"])
        return Response(status_code=202, headers={"access-control-allow-origin": "*"})

    async def _socket(self, socket: WebSocket) -> None:
        self.connections.append({"by": "websocket", **socket.query_params})
        if not self.websockets:
            await socket.close()
            return
        await socket.accept()
        listener: asyncio.Queue[str | None] = asyncio.Queue()
        self.listeners.append(listener)

        async def send() -> None:
            while (message := await listener.get()) is not None:
                await socket.send_text(message)
            await socket.close(1013)

        async def hear() -> None:
            with suppress(WebSocketDisconnect):
                while True:
                    await socket.receive_text()

        tasks = [asyncio.ensure_future(each()) for each in (send, hear)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        self.listeners.remove(listener)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stream(self, request: Request) -> Response:
        self.connections.append({"by": "events", **request.query_params})
        listener: asyncio.Queue[str | None] = asyncio.Queue()
        self.listeners.append(listener)

        async def lines() -> AsyncIterator[str]:
            yield "retry: 100\n\n"
            while (message := await listener.get()) is not None:
                yield f"id: {msgspec.json.decode(message)['id']}\ndata: {message}\n\n"
            self.listeners.remove(listener)

        return StreamingResponse(lines(), media_type="text/event-stream", headers={"access-control-allow-origin": "*"})

    async def _page(self, request: Request) -> Response:
        body = self.pages.get(request.path_params["name"])
        return HTMLResponse(body or "", 404 if body is None else 200, self.page_headers)

    async def _file(self, request: Request) -> Response:
        body = (TRACKER / Path(request.path_params["name"]).name).read_bytes()
        headers = {"access-control-allow-origin": "*"}
        return Response(body, headers=headers, media_type="text/javascript")

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/t/{name}", self._file),
                Route("/v1/events", self._events, methods=["POST"]),
                Route("/v1/outcomes", self._outcomes, methods=["POST"]),
                WebSocketRoute("/v1/push", self._socket),
                Route("/v1/push/events", self._stream),
                Route("/picture/{name}", lambda _: Response(b"", media_type="image/png")),
                Route("/{name:path}", self._page),
            ]
        )


class Serving:
    """Runs a collector in a thread, on a port of the system's choice. Use it as a context."""

    def __init__(self) -> None:
        self.collector = Collector()
        config = uvicorn.Config(
            self.collector.application(), "127.0.0.1", 0, log_level="error", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        async def serve() -> None:
            self.collector.loop = asyncio.get_running_loop()
            await self._server.serve()

        asyncio.run(serve())

    def __enter__(self) -> Collector:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.01)
        self.collector.port = self._server.servers[0].sockets[0].getsockname()[1]
        return self.collector

    def __exit__(self, *_: object) -> None:
        self.collector.push(None)
        self._server.should_exit = True
        self._thread.join(10)


def judged(event: dict[str, Any], arrived_at_ms: int) -> Event:
    """The event under the contract, with the time the gateway adds; fails with the reason where it is none."""
    found = validate_record(msgspec.json.encode({**event, "received_at_ms": arrived_at_ms}), arrived_at_ms)
    assert isinstance(found, Event), (found, event)
    return found
