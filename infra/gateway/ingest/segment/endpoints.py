"""Segment-compatible endpoints: /v1/track, identify, page, screen, group, alias, batch, and the libraries' short names."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.gateway.auth.key_permissions import WriteKey
from infra.gateway.errors import ApiError
from infra.gateway.ingest.enrichment import Enrichment, apply_enrichment
from infra.gateway.ingest.guard import MAX_EVENTS, Handler, IngestGuard
from infra.gateway.ingest.json_fields import object_field
from infra.gateway.ingest.limits import BodyMemoryLease
from infra.gateway.ingest.pipeline import IngestResult, RawEvent
from infra.gateway.ingest.segment.events import CALLS, segment_event
from infra.gateway.responses import json_response
from schemas.rejects import ValidationFailure
from schemas.unreadable import UNREADABLE

MAX_MESSAGE_BYTES: Final = 32_768
SHORT: Final = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias"}
"""The endpoint names of Segment's browser library."""

BATCHES: Final = ("batch", "b", "import")
"""`b` is the name in Segment's mobile libraries, `import` in older ones."""

_SERVER_LIBRARIES: Final = frozenset({"python", "node", "java", "ruby", "php", "go", "net", "rust"})
_APP_LIBRARIES: Final = frozenset({"swift", "kotlin", "android", "ios", "flutter", "unity", "xamarin", "native"})
"""In apps on the reader's own device, whose HTTP library (okhttp) looks like a server's."""


class _RawBatch(msgspec.Struct):
    batch: list[msgspec.Raw] = []


class Segment:
    """Answers 200 where Segment does, and names every rejected message; oversize and bad JSON are 400."""

    def __init__(self, guard: IngestGuard) -> None:
        self._guard = guard

    def single(self, call: str) -> Handler:
        async def handler(request: Request, memory: BodyMemoryLease) -> Response:
            key, raw, message, received_ms = await self._read(request, memory)
            raw_event = self._raw_event(request, message, call, None, received_ms)
            if len(raw) > MAX_MESSAGE_BYTES:
                raw_event = _oversize()
            self._guard.charge_quota(key, 1)
            result, _ = await self._guard.ingest(request, key, [raw_event], received_ms, lambda: [raw])
            return _response(result)

        return handler

    async def batch(self, request: Request, memory: BodyMemoryLease) -> Response:
        key, raw, batch, received_ms = await self._read(request, memory)
        try:
            messages = _messages(batch)
        except ApiError as error:
            await self._guard.reject_batch(key.source, error, raw, received_ms)
            raise
        self._guard.charge_quota(key, len(messages))
        shared = object_field(batch, "context")
        raw_events: list[RawEvent] = []
        for message in messages:
            if shared and type(message) is dict and "context" not in message:
                message["context"] = shared
            call = message.get("type") if type(message) is dict else ""
            raw_events.append(self._raw_event(request, message, call, batch.get("sentAt"), received_ms))
        originals_once = cache(lambda: originals(raw))
        if len(raw) > MAX_MESSAGE_BYTES:
            for index, original in enumerate(originals_once()):
                if len(original) > MAX_MESSAGE_BYTES:
                    raw_events[index] = _oversize()
        result, _ = await self._guard.ingest(request, key, raw_events, received_ms, originals_once)
        return _response(result)

    async def _read(self, request: Request, memory: BodyMemoryLease) -> tuple[WriteKey, bytes, dict[str, Any], int]:
        key = self._guard.write_keys.of_headers(request, "events")
        source = None if key is None else key.source
        raw, found, received_ms = await self._guard.read_json_object(request, memory, source, oversize_status=400)
        if key is None:
            key = self._guard.write_keys.of(found.get("writeKey", found.get("write_key")), request, "events")
        return key, raw, found, received_ms

    def _raw_event(self, request: Request, message: Any, call: Any, sent_at: Any, received_ms: int) -> RawEvent:
        raw_event = segment_event(message, call if type(call) is str else "", sent_at, received_ms)
        if isinstance(raw_event, ValidationFailure):
            return raw_event
        return apply_enrichment(raw_event, self._enrichment(request, object_field(message, "context")))

    def _enrichment(self, request: Request, context: Mapping[str, Any]) -> Enrichment:
        """Looks up the reader's enrichment by the request, or by the context alone if a server sends for the reader.

        A browser does not know its own address, so a context with an address comes from a server, too. Then the request
        says nothing about the reader, and the language is the locale.
        """
        agent, address = _text(context, "userAgent"), _text(context, "ip")
        if address or _library_is(context, _SERVER_LIBRARIES):
            return self._guard.enricher.lookup(agent, "", address)
        return self._guard.enrichment(request, agent, is_reader=_library_is(context, _APP_LIBRARIES))


def _messages(batch: Mapping[str, Any]) -> list[Any]:
    """Returns the batch's messages; raises `ApiError` 400."""
    messages = batch.get("batch")
    if type(messages) is not list:
        raise ApiError(400, "wrong_type", "batch: expected a list of messages", field="batch")
    if len(messages) > MAX_EVENTS:
        raise ApiError(400, "oversize", f"batch: {len(messages)} messages; send at most {MAX_EVENTS}", field="batch")
    return messages


def _text(context: Mapping[str, Any], name: str) -> str:
    found = context.get(name)
    return found if type(found) is str else ""


def _library_is(context: Mapping[str, Any], kind: frozenset[str]) -> bool:
    """Whether a library of that kind sends this: "analytics-java" is a server's, "JavaScript" is not."""
    name = _text(object_field(context, "library"), "name").lower()
    return not kind.isdisjoint(re.split(r"[^a-z0-9]+", name))


def originals(raw: bytes) -> list[bytes]:
    """Returns each message's bytes; none if msgspec, which is stricter about surrogates, cannot parse the batch."""
    try:
        return [bytes(each) for each in msgspec.json.decode(raw, type=_RawBatch).batch]
    except UNREADABLE:
        return []


def _oversize() -> ValidationFailure:
    return ValidationFailure("oversize", f"over {MAX_MESSAGE_BYTES} bytes")


def _response(result: IngestResult) -> Response:
    return json_response(200 if result.is_success else 400, {"success": result.is_success, **result.summary()})


def routes(guard: IngestGuard) -> list[BaseRoute]:
    segment = Segment(guard)
    calls = {**{call: call for call in CALLS}, **SHORT}
    single = [Route(f"/v1/{name}", guard.guard(segment.single(call)), methods=["POST"]) for name, call in calls.items()]
    return [*single, *(Route(f"/v1/{name}", guard.guard(segment.batch), methods=["POST"]) for name in BATCHES)]
