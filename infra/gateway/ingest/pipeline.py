"""Takes raw events to Kafka: validates each, drops known ones, writes the rest, and reports once all are acknowledged."""

import asyncio
import base64
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from infra.gateway import metrics
from infra.gateway.components import GatewayContext
from infra.gateway.errors import ApiError
from infra.gateway.ingest.addresses import cut_addresses_in, without_secrets_of_addresses
from infra.gateway.ingest.coercion import coerced, shortened
from infra.gateway.ingest.deduplication import Claim, Deduplicator, RedisSeenIds
from infra.gateway.ingest.enrichment import BOT
from infra.gateway.ingest.lateness import LateSenders, is_late
from infra.gateway.ingest.redaction import redact
from infra.gateway.ingest.refusal_sampling import RefusalSampler, Rejection
from infra.gateway.request_context import current_request
from infra.kafka.producer import OutgoingRecord, ProducerUnavailableError
from schemas.addresses import cut_address, stored_content_id
from schemas.event_validation import validate_fields
from schemas.events import MAX_BYTES, Event
from schemas.rejects import RejectedRecord, ValidationFailure
from schemas.topics import EVENTS, REJECTED

_log = logging.getLogger(__name__)

RawEvent = dict[str, Any] | ValidationFailure
"""The fields of an event before validation, or why they could not be put together."""

Originals = Callable[[], Sequence[bytes]]
"""Returns the bytes of each event as sent. Called only if one is rejected; `redaction.py` says what is stored of them."""

STAGE: Final = "gateway"

MAX_LISTED: Final = 100
"""Rejected events that an answer lists; `rejected_total` is there if there are more."""


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """A rejected event or outcome in a response: its index in the batch, field and rule, and a sentence for people."""

    index: int
    field: str
    rule: str
    detail: str

    @classmethod
    def of(cls, index: int, rejection: ValidationFailure) -> "RejectedItem":
        field, colon, _ = rejection.detail.partition(": ")
        return cls(index, field if colon else "", rejection.reason, rejection.detail)


@dataclass(frozen=True, slots=True)
class IngestResult:
    accepted: int
    duplicates: int
    rejected: list[RejectedItem]
    sessions: frozenset[str]
    """Of all valid events, duplicates included."""

    @property
    def is_success(self) -> bool:
        """False if there were events and every one was rejected."""
        return bool(self.accepted or self.duplicates) or not self.rejected

    def summary(self) -> dict[str, Any]:
        listed = {"accepted": self.accepted, "duplicates": self.duplicates, "rejected": self.rejected[:MAX_LISTED]}
        return listed if len(self.rejected) <= MAX_LISTED else {**listed, "rejected_total": len(self.rejected)}


@dataclass(frozen=True, slots=True)
class IngestNotice:
    """What the hooks and metrics get of a request once Kafka has it."""

    source: str
    events: Sequence[Event]
    duplicates: int
    rejections: Sequence[Rejection]
    rejects: Sequence[RejectedRecord]
    """Records of `rejections`; fewer, if they are many."""


class IngestPipeline:
    """One for the whole gateway: every endpoint sees the ids that any other is writing."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway
        self._producer, self._side_producer = gateway.producer, gateway.side_producer
        self._sampler = RefusalSampler()
        self._late_senders = LateSenders()
        self._events_topic = gateway.settings.topic(EVENTS.name)
        self._rejected_topic = gateway.settings.topic(REJECTED.name)
        self._notifying: set[asyncio.Task[None]] = set()
        self.deduplicator = Deduplicator(RedisSeenIds(gateway.ingest_redis, gateway.settings.seen_ids))

    async def ingest(
        self, source: str, raw_events: Sequence[RawEvent], received_ms: int, originals: Originals
    ) -> IngestResult:
        """Returns once Kafka has every new event; raises `ApiError` 503. Records of rejected events may be missing then."""
        events: list[tuple[Event, bytes]] = []
        rejections: list[tuple[int, ValidationFailure]] = []
        for index, raw_event in enumerate(raw_events):
            result = validated(raw_event, received_ms)
            if isinstance(result, ValidationFailure):
                rejections.append((index, result))
            else:
                events.append(result)
        rejects = self._rejected_records(source, rejections, originals, received_ms) if rejections else []
        # Of source and session: an id need only be unique beside its session, as in the job, and no source uses up another's.
        ids = [f"{source}\n{event.session_id}\n{event.event_id}" for event, _ in events]
        by_id = dict(zip(reversed(ids), reversed(events), strict=True))
        claim = await self.deduplicator.claim(ids)
        fresh = [by_id[each] for each in claim.fresh]
        notice = IngestNotice(source, [event for event, _ in fresh], claim.duplicates, rejections, rejects)
        await self._write(claim, fresh, notice)
        await self._notify(notice)
        return IngestResult(
            accepted=len(fresh),
            duplicates=claim.duplicates,
            rejected=[RejectedItem.of(index, rejection) for index, rejection in rejections],
            sessions=frozenset(event.session_id for event, _ in events),
        )

    async def reject_body(self, source: str, rejection: ValidationFailure, original: bytes, received_ms: int) -> None:
        """Records a body that is no batch at all."""
        rejections = [(0, rejection)]
        rejects = self._rejected_records(source, rejections, lambda: [original], received_ms)
        notice = IngestNotice(source, [], 0, rejections, rejects)
        await self._write_rejects(rejects)
        await self._notify(notice)

    async def _write(self, claim: Claim, fresh: Sequence[tuple[Event, bytes]], notice: IngestNotice) -> None:
        records = [OutgoingRecord(self._events_topic, event.session_id.encode(), value) for event, value in fresh]
        try:
            written = self._producer.send(records)
        except ProducerUnavailableError as error:
            self.deduplicator.release(claim, error)
            raise _not_stored(error) from None
        self.deduplicator.complete_when(claim, written)
        try:
            await self._producer.wait_acked(written, *claim.others)
        except (ProducerUnavailableError, ConnectionError) as error:
            # The records may be written all the same, later.
            written.add_done_callback(partial(self._notify_later, notice))
            raise _not_stored(error) from None
        await self._write_rejects(notice.rejects)

    async def _write_rejects(self, rejects: Sequence[RejectedRecord]) -> None:
        """Writes records of rejected events if Kafka takes them. What cannot be written is counted: it stops no event."""
        records = [
            OutgoingRecord(self._rejected_topic, each.reason.encode(), msgspec.json.encode(each)) for each in rejects
        ]
        try:
            await self._side_producer.wait_acked(self._side_producer.send(records))
        except ProducerUnavailableError:
            # Not logged: anybody can send what is rejected. `/health` names a topic that is missing.
            metrics.REJECTED_UNSTORED.labels("kafka").inc(sum(each.count for each in rejects))

    def _rejected_records(
        self, source: str, rejections: Sequence[tuple[int, ValidationFailure]], originals: Originals, received_ms: int
    ) -> list[RejectedRecord]:
        address = current_request().address
        sampled = self._sampler.sample(source, address, rejections)
        if not sampled:
            metrics.REJECTED_UNSTORED.labels("limit").inc(len(rejections))
            return []
        sent = originals()
        # Room is taken before the work of redacting is done, or anybody could have it done for records that keep nothing.
        kept = {
            taken.index: redact(sent[taken.index], MAX_BYTES)
            for taken in sampled
            if taken.index < len(sent) and self._sampler.has_room(address, sent[taken.index][:MAX_BYTES])
        }
        return [
            RejectedRecord(
                reason=taken.failure.reason,
                detail=taken.failure.detail,
                stage=f"{STAGE}:{source}",
                topic=self._events_topic,
                # It never stood on a partition.
                partition=-1,
                offset=-1,
                original=base64.b64encode(kept.get(taken.index, b"")).decode(),
                seen_at_ms=received_ms,
                count=taken.count,
            )
            for taken in sampled
        ]

    def _notify_later(self, notice: IngestNotice, written: asyncio.Future[None]) -> None:
        # A request of nothing but duplicates has nothing to report: the first request does.
        if written.cancelled() or written.exception() is not None or not (notice.events or notice.rejections):
            return
        notifying = asyncio.get_running_loop().create_task(self._notify(notice))
        self._notifying.add(notifying)
        notifying.add_done_callback(self._notifying.discard)

    async def _notify(self, notice: IngestNotice) -> None:
        """Updates metrics and calls the hooks. Kafka has the events, so a failing hook must not fail the request."""
        metrics.EVENTS.labels(notice.source, "accepted").inc(len(notice.events))
        metrics.EVENTS.labels(notice.source, "duplicate").inc(notice.duplicates)
        metrics.EVENTS.labels(notice.source, "rejected").inc(len(notice.rejections))
        for _, failure in notice.rejections:
            metrics.REJECTED.labels(failure.reason).inc()
        metrics.BOTS.inc(sum(BOT in (event.properties or ()) for event in notice.events))
        late = 0
        if noted := [event for event in notice.events if event.notes is not None]:
            metrics.NOTED.inc(len(noted))
            late = sum(map(is_late, noted))
            metrics.LATE.labels(notice.source).inc(late)
        self._late_senders.count(notice.source, late, len(notice.events))
        if notice.rejects:
            for on_rejected in self._gateway.on_rejected:
                on_rejected(notice.rejects)
        if notice.events:
            for on_accepted in self._gateway.on_accepted:
                try:
                    await on_accepted(notice.events)
                except Exception as error:
                    _log.warning("a component failed on accepted events: %r", error)


def validated(raw_event: RawEvent, received_ms: int) -> ValidationFailure | tuple[Event, bytes]:
    """Returns the event and its record, or why it is rejected."""
    if isinstance(raw_event, ValidationFailure):
        return raw_event
    event = validate_fields(raw_event, received_ms)
    if isinstance(event, ValidationFailure):
        # Only now, so that events which follow the contract pay nothing for those that do not.
        event = validate_fields(coerced(raw_event), received_ms)
        if isinstance(event, ValidationFailure):
            return event
    if event.type == "tick":
        return ValidationFailure("unknown_type", "type: tick is reserved for the gateway")
    # Nothing has happened after it was received: a time ahead would stay in the job's state until then.
    event.occurred_at_ms = min(event.occurred_at_ms, event.received_at_ms)
    if is_late(event):
        late_s = (event.received_at_ms - event.occurred_at_ms) / 1000
        event.notes = {**(event.notes or {}), "occurred_at_ms": f"{late_s:.1f} s before receipt: too late for commands"}
    value = msgspec.json.encode(event)
    # Searching the bytes is cheap, and most events have no address with a query or a user.
    if b"?" in value or b"#" in value or b"@" in value:
        _cut_addresses(event)
        value = msgspec.json.encode(event)
    if len(value) > MAX_BYTES and event.properties:
        event.properties, event.notes = shortened(event.properties, event.notes)
        value = msgspec.json.encode(event)
    if len(value) > MAX_BYTES:
        return ValidationFailure("oversize", f"over {MAX_BYTES} bytes")
    return event, value


def _cut_addresses(event: Event) -> None:
    if event.content_id and (kept := stored_content_id(event.content_id)) != event.content_id:
        event.content_id = kept
        event.notes = {**(event.notes or {}), "content_id": "an address: without query, fragment and user"}
    if event.page_url:
        event.page_url = cut_address(event.page_url)
    for name in ("text", "element", "placement"):
        if "://" in (written := getattr(event, name) or ""):
            setattr(event, name, cut_addresses_in(written))
    if event.properties:
        event.properties = without_secrets_of_addresses(event.properties)


def _not_stored(error: Exception) -> ApiError:
    retry_after_s = ProducerUnavailableError.retry_after_s
    return ApiError(503, "unavailable", f"not stored: {error}; retry later", retry_after_s=retry_after_s)
