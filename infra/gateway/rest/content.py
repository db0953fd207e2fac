"""REST endpoints of content items (content.v1): put, get and delete one, put many."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.gateway.auth.key_permissions import WriteKey
from infra.gateway.components import GatewayContext
from infra.gateway.errors import ApiError
from infra.gateway.ingest.body import read_body
from infra.gateway.ingest.guard import MAX_BODY_BYTES, IngestGuard
from infra.gateway.ingest.limits import BodyMemoryLease
from infra.gateway.ingest.pipeline import RejectedItem
from infra.gateway.responses import json_response
from infra.kafka.compacted import newest_value
from infra.kafka.producer import OutgoingRecord, ProducerUnavailableError
from infra.kafka.reading import StreamError, UnknownTopicError
from schemas.addresses import stored_content_id
from schemas.content_validation import ContentProblem, InvalidContentError, validated
from schemas.event_validation import parse_json_strictly
from schemas.rejects import ValidationFailure
from schemas.topics import CONTENT

MAX_ITEMS: Final = 500
"""Items of a bulk request."""

MAX_ID_CHARS: Final = 256

MAX_READS: Final = 2
"""Items that are read at a time: each takes a thread and the whole topic."""


class ContentApi:
    """Requires a server key with the scope `content`. An answer to a write means that Kafka has it."""

    def __init__(self, guard: IngestGuard) -> None:
        gateway: GatewayContext = guard.gateway
        self._guard = guard
        self._producer = gateway.side_producer
        self._kafka, self._topic = gateway.settings.kafka, gateway.settings.topic(CONTENT.name)
        self._reads = asyncio.Semaphore(MAX_READS)

    async def put(self, request: Request, memory: BodyMemoryLease) -> Response:
        key, content_id = self._key(request), _content_id(request)
        _, body, _ = await self._guard.read_json_object(request, memory, None)
        self._guard.charge_quota(key, 1)
        try:
            _, encoded = validated(body, content_id)
        except InvalidContentError as error:
            return _invalid(error.problems)
        await self._write([OutgoingRecord(self._topic, content_id.encode(), encoded)])
        return json_response(202, {"content_id": content_id})

    async def get(self, request: Request, _: BodyMemoryLease) -> Response:
        self._key(request)
        content_id = _content_id(request)
        try:
            async with self._reads:
                found = await run_in_threadpool(newest_value, self._kafka, self._topic, content_id.encode())
        except UnknownTopicError:
            found = None
        except StreamError as error:
            raise ApiError(503, "unavailable", f"not read: {error}; retry later", retry_after_s=2) from None
        if found is None:
            raise ApiError(404, "content_id", "content_id: no such item", field="content_id")
        return Response(found, media_type="application/json")

    async def delete(self, request: Request, _: BodyMemoryLease) -> Response:
        """Answers alike whether there was such an item or not."""
        key, content_id = self._key(request), _content_id(request)
        self._guard.charge_quota(key, 1)
        await self._write([OutgoingRecord(self._topic, content_id.encode(), None)])
        return json_response(202, {"content_id": content_id, "deleted": True})

    async def put_many(self, request: Request, memory: BodyMemoryLease) -> Response:
        """Takes a JSON array, or one item a line; each is validated alone."""
        key = self._key(request)
        items = list(_items(await read_body(request, MAX_BODY_BYTES, memory)))
        if len(items) > MAX_ITEMS:
            raise ApiError(413, "oversize", f"body: {len(items)} items; send at most {MAX_ITEMS}")
        self._guard.charge_quota(key, len(items))
        records, rejected = [], []
        for index, item in items:
            try:
                if isinstance(item, ValidationFailure):
                    raise InvalidContentError((ContentProblem("", "malformed", item.detail),))
                content_id, encoded = validated(item)
            except InvalidContentError as error:
                rejected += [RejectedItem(index, each.field, each.rule, each.detail) for each in error.problems]
            else:
                records.append(OutgoingRecord(self._topic, content_id.encode(), encoded))
        await self._write(records)
        return json_response(202, {"accepted": len(records), "rejected": rejected})

    def _key(self, request: Request) -> WriteKey:
        key = self._guard.write_keys.of_headers(request, "content")
        if key is None:
            detail = "write_key: send a server key in the header X-Write-Key"
            raise ApiError(401, "write_key", detail, field="write_key")
        return key

    async def _write(self, records: list[OutgoingRecord]) -> None:
        if not records:
            return
        try:
            await self._producer.wait_acked(self._producer.send(records))
        except ProducerUnavailableError as error:
            detail = f"not stored: {error}; retry later"
            raise ApiError(503, "unavailable", detail, retry_after_s=error.retry_after_s) from None


def _items(raw: bytes) -> Iterator[tuple[int, Any]]:
    """Yields index and item of a JSON array or of lines of JSON (where the index is the line's, from 0); raises `ApiError`.

    A line that is no JSON comes as `ValidationFailure`, as an array that is none does not: nothing can be told of its items.
    """
    if raw.lstrip()[:1] == b"[":
        found = parse_json_strictly(raw)
        if isinstance(found, ValidationFailure):
            raise ApiError(400, found.reason, f"body: {found.detail}; send a JSON array or one item a line, in UTF-8")
        yield from enumerate(found)
        return
    for number, line in enumerate(raw.split(b"\n")):
        if line.strip():
            yield number, parse_json_strictly(line)


def _content_id(request: Request) -> str:
    content_id: str = request.path_params["content_id"]
    is_text = not any("\ud800" <= char <= "\udfff" for char in content_id)
    if not 0 < len(content_id) <= MAX_ID_CHARS or not is_text:
        detail = f"content_id: expected 1 to {MAX_ID_CHARS} characters"
        raise ApiError(422, "out_of_range", detail, field="content_id")
    return stored_content_id(content_id)


def _invalid(problems: tuple[ContentProblem, ...]) -> Response:
    """The answer to one item: as every error, with the first problem in front and all of them in `problems`."""
    first = problems[0]
    document = {"error": first.detail, "rule": first.rule, "field": first.field, "problems": problems}
    return json_response(422, document)


def routes(guard: IngestGuard) -> list[BaseRoute]:
    api, guarded = ContentApi(guard), guard.guard
    get = guarded(api.get, None)
    by_method = {"GET": get, "HEAD": get, "PUT": guarded(api.put, CONTENT), "DELETE": guarded(api.delete, CONTENT)}

    async def one(request: Request) -> Response:
        return await by_method[request.method](request)

    return [
        Route("/v1/content", guarded(api.put_many, CONTENT), methods=["POST"]),
        Route("/v1/content/{content_id:path}", one, methods=["GET", "PUT", "DELETE"]),
    ]
