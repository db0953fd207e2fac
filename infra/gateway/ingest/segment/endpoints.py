"""Segment-compatible endpoints: /v1/track, identify, page, screen, group, alias and batch, and their libraries' short names."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.gateway.ingest.enrichment import Facts, enriched
from infra.gateway.ingest.guard import MAX_EVENTS, Front, Handler, part_of
from infra.gateway.ingest.limits import HeldByRequest
from infra.gateway.ingest.pipeline import Draft, Taken
from infra.gateway.ingest.segment.events import CALLS, segment_event
from infra.gateway.responses import Refusal, answer
from schemas.rejects import Rejection

MAX_MESSAGE_BYTES: Final = 32_768
SHORT: Final = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias"}
"""As the browser's library calls them."""

BATCHES: Final = ("batch", "b", "import")
"""`b` is what libraries of phones call it, `import` what older ones do."""

_SERVER_LIBRARIES: Final = frozenset({"python", "node", "java", "ruby", "php", "go", "net", "rust"})


class _Raws(msgspec.Struct):
    batch: list[msgspec.Raw] = []


class Segment:
    """Answers 200 where Segment does, and names every message that was refused; oversize and bad JSON are 400."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def single(self, call: str) -> Handler:
        async def handler(request: Request, held: HeldByRequest) -> Response:
            source, raw, message, received_ms = await self._read(request, held)
            draft = self._draft(request, message, call, None, received_ms)
            if len(raw) > MAX_MESSAGE_BYTES:
                draft = _too_long()
            self._front.spend(source, 1)
            return _told(await self._front.intake.take(source, [draft], received_ms, lambda: [raw]))

        return handler

    async def batch(self, request: Request, held: HeldByRequest) -> Response:
        source, raw, batch, received_ms = await self._read(request, held)
        messages = batch.get("batch")
        if type(messages) is not list:
            raise Refusal(400, "wrong_type", "batch: expected a list", field="batch")
        if len(messages) > MAX_EVENTS:
            raise Refusal(400, "oversize", f"batch: over {MAX_EVENTS} messages", field="batch")
        self._front.spend(source, len(messages))
        shared = part_of(batch, "context")
        drafts: list[Draft] = []
        for message in messages:
            if shared and type(message) is dict and "context" not in message:
                message["context"] = shared
            call = message.get("type") if type(message) is dict else ""
            drafts.append(self._draft(request, message, call, batch.get("sentAt"), received_ms))
        known = cache(lambda: originals(raw))
        if len(raw) > MAX_MESSAGE_BYTES:
            for index, original in enumerate(known()):
                if len(original) > MAX_MESSAGE_BYTES:
                    drafts[index] = _too_long()
        return _told(await self._front.intake.take(source, drafts, received_ms, known))

    async def _read(self, request: Request, held: HeldByRequest) -> tuple[str, bytes, dict[str, Any], int]:
        source = self._front.source_of(request)
        raw, found, received_ms = await self._front.document(request, held, source, oversize_status=400)
        if source is None:
            source = self._front.source_of_key(found.get("writeKey", found.get("write_key")))
        return source, raw, found, received_ms

    def _draft(self, request: Request, message: Any, call: Any, sent_at: Any, received_ms: int) -> Draft:
        draft = segment_event(message, call if type(call) is str else "", sent_at, received_ms)
        if isinstance(draft, Rejection):
            return draft
        return enriched(draft, self._facts(request, part_of(message, "context")))

    def _facts(self, request: Request, context: Mapping[str, Any]) -> Facts:
        """A browser knows its agent and not its address. Who gives one speaks for a reader, as a server's library does:
        of that reader the request tells nothing, and the language is the locale."""
        agent, address = _text(context, "userAgent"), _text(context, "ip")
        if address or _is_server(context):
            return self._front.enricher.facts(agent, "", address)
        return self._front.facts(request, agent)


def _text(context: Mapping[str, Any], name: str) -> str:
    found = context.get(name)
    return found if type(found) is str else ""


def _is_server(context: Mapping[str, Any]) -> bool:
    """Whether a server's library sends this: "analytics-java" does, "JavaScript" does not."""
    name = _text(part_of(context, "library"), "name").lower()
    return not _SERVER_LIBRARIES.isdisjoint(re.split(r"[^a-z0-9]+", name))


def originals(raw: bytes) -> list[bytes]:
    """Each message's bytes; none where this reader is stricter than the judge's (half a surrogate pair)."""
    try:
        return [bytes(each) for each in msgspec.json.decode(raw, type=_Raws).batch]
    except (msgspec.DecodeError, RecursionError):
        return []


def _too_long() -> Rejection:
    return Rejection("oversize", f"over {MAX_MESSAGE_BYTES} bytes")


def _told(taken: Taken) -> Response:
    success = bool(taken.accepted or taken.duplicates) or not taken.rejected
    document = {"success": success, "accepted": taken.accepted, "duplicates": taken.duplicates}
    return answer(200 if success else 400, {**document, "rejected": taken.rejected})


def routes(front: Front) -> list[BaseRoute]:
    segment = Segment(front)
    calls = {**{call: call for call in CALLS}, **SHORT}
    single = [
        Route(f"/v1/{name}", front.guarded(segment.single(call)), methods=["POST"]) for name, call in calls.items()
    ]
    return [*single, *(Route(f"/v1/{name}", front.guarded(segment.batch), methods=["POST"]) for name in BATCHES)]
