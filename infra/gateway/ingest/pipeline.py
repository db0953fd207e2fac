"""From events as they were sent to records that Kafka has: judged one by one, known ones left out, the rest written."""

import asyncio
import base64
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from infra.gateway import metrics
from infra.gateway.components import Gateway
from infra.gateway.ingest.deduplication import Claim, Seen, SeenInRedis
from infra.gateway.ingest.producer import Line, Log, LogDown
from infra.gateway.ingest.redaction import kept
from infra.gateway.responses import Refusal
from schemas.event_validation import verdict_on
from schemas.events import MAX_BYTES, Event
from schemas.rejects import Rejected, Rejection
from schemas.topics import EVENTS, REJECTED

_log = logging.getLogger(__name__)

Draft = dict[str, Any] | Rejection
"""The fields of an event, or why they could not even be put together."""

Originals = Callable[[], Sequence[bytes]]
"""The bytes of each event as it was sent; asked for only where one is refused. What is kept of them `originals.py` says."""

STAGE: Final = "gateway"


@dataclass(frozen=True, slots=True)
class Refused:
    """One event or outcome that is none: where it stood in the batch, which field and rule, and a sentence."""

    index: int
    field: str
    rule: str
    detail: str

    @classmethod
    def of(cls, index: int, rejection: Rejection) -> "Refused":
        field, colon, _ = rejection.detail.partition(": ")
        return cls(index, field if colon else "", rejection.reason, rejection.detail)


@dataclass(frozen=True, slots=True)
class Taken:
    accepted: int
    duplicates: int
    rejected: list[Refused]
    sessions: frozenset[str]
    """Of all valid events, repeated ones included."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the other parts hear of a request once Kafka has it."""

    source: str
    events: Sequence[Event]
    duplicates: int
    rejects: Sequence[Rejected]


class Intake:
    """One for the whole gateway: what is under way here is known to every endpoint."""

    def __init__(self, gateway: Gateway, redis: Redis) -> None:
        self._gateway = gateway
        self._log: Log = gateway.log
        self._events = gateway.settings.topic(EVENTS.name)
        self._rejects = gateway.settings.topic(REJECTED.name)
        self._telling: set[asyncio.Task[None]] = set()
        self.seen = Seen(SeenInRedis(redis, gateway.settings.seen_ids))

    async def take(self, source: str, drafts: Sequence[Draft], received_ms: int, originals: Originals) -> Taken:
        """Returns once Kafka has every event that is new, and the record of every refusal; raises `Refusal` 503."""
        events, refused = [], []
        for index, draft in enumerate(drafts):
            verdict = judged(draft, received_ms)
            if isinstance(verdict, Rejection):
                refused.append((index, verdict))
            else:
                events.append(verdict)
        rejects = self._records(source, refused, originals, received_ms) if refused else []
        # Ids are the source's own: one cannot use up those of another.
        by_id = {f"{source}\n{event.event_id}": (event, value) for event, value in reversed(events)}
        claim = await self.seen.claim([f"{source}\n{event.event_id}" for event, _ in events])
        fresh = [by_id[each] for each in claim.fresh]
        told = Told(source, [event for event, _ in fresh], claim.duplicates, rejects)
        await self._write(claim, fresh, told)
        await self._tell(told)
        return Taken(
            accepted=len(fresh),
            duplicates=claim.duplicates,
            rejected=[Refused.of(index, rejection) for index, rejection in refused],
            sessions=frozenset(event.session_id for event, _ in events),
        )

    async def refuse(self, source: str, rejection: Rejection, original: bytes, received_ms: int) -> None:
        """Records a body that is no batch at all."""
        rejects = self._records(source, [(0, rejection)], lambda: [original], received_ms)
        told = Told(source, [], 0, rejects)
        await self._write(await self.seen.claim([]), [], told)
        await self._tell(told)

    async def _write(self, claim: Claim, fresh: Sequence[tuple[Event, bytes]], told: Told) -> None:
        lines = [Line(self._events, event.session_id.encode(), value) for event, value in fresh]
        lines += [Line(self._rejects, each.reason.encode(), msgspec.json.encode(each)) for each in told.rejects]
        try:
            written = self._log.begin(lines)
        except LogDown as down:
            self.seen.release(claim, down)
            raise _unavailable(down) from None
        self.seen.settle(claim, written)
        try:
            await self._log.acknowledged(written, *claim.others)
        except (LogDown, ConnectionError) as down:
            # What was begun may arrive all the same.
            written.add_done_callback(partial(self._tell_later, told))
            raise _unavailable(down) from None

    def _records(
        self, source: str, refused: Sequence[tuple[int, Rejection]], originals: Originals, received_ms: int
    ) -> list[Rejected]:
        sent = originals()
        # A webhook may be the original of all its events.
        shown = {each: kept(each)[:MAX_BYTES] for each in {sent[index] for index, _ in refused if index < len(sent)}}
        return [
            Rejected(
                reason=rejection.reason,
                detail=rejection.detail,
                stage=f"{STAGE}:{source}",
                topic=self._events,
                # It never stood on a partition.
                partition=-1,
                offset=-1,
                original=base64.b64encode(shown[sent[index]] if index < len(sent) else b"").decode(),
                seen_at_ms=received_ms,
            )
            for index, rejection in refused
        ]

    def _tell_later(self, told: Told, written: asyncio.Future[None]) -> None:
        # Of repeats alone the first request tells.
        if written.cancelled() or written.exception() is not None or not (told.events or told.rejects):
            return
        telling = asyncio.get_running_loop().create_task(self._tell(told))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _tell(self, told: Told) -> None:
        """Kafka has the events, so nothing that goes wrong here may turn the answer into a failure."""
        metrics.EVENTS.labels(told.source, "accepted").inc(len(told.events))
        metrics.EVENTS.labels(told.source, "duplicate").inc(told.duplicates)
        metrics.EVENTS.labels(told.source, "rejected").inc(len(told.rejects))
        for each in told.rejects:
            metrics.REJECTED.labels(each.reason).inc()
        metrics.BOTS.inc(sum("bot" in (event.properties or ()) for event in told.events))
        if told.rejects:
            for hear in self._gateway.on_rejected:
                hear(told.rejects)
        if told.events:
            for hook in self._gateway.on_accepted:
                try:
                    await hook(told.events)
                except Exception as error:
                    _log.warning("a part could not note accepted events: %r", error)


def judged(draft: Draft, received_ms: int) -> Rejection | tuple[Event, bytes]:
    if isinstance(draft, Rejection):
        return draft
    event = verdict_on(draft, received_ms)
    if isinstance(event, Rejection):
        return event
    if event.type == "tick":
        return Rejection("unknown_type", "type: ticks are written by the gateway alone")
    value = msgspec.json.encode(event)
    if len(value) > MAX_BYTES:
        return Rejection("oversize", f"over {MAX_BYTES} bytes")
    return event, value


def _unavailable(why: Exception) -> Refusal:
    return Refusal(503, "unavailable", f"not stored: {why}", retry_after_s=LogDown.retry_after_s)
