"""Erases a person's data (DELETE /v1/people/{user_id}) and lists what cannot be erased yet."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.gateway.clock import now_ms
from infra.gateway.components import GatewayContext
from infra.gateway.erased_sessions import erasure_of
from infra.gateway.errors import ApiError
from infra.gateway.rest import remaining
from infra.gateway.rest.erasure_journal import ErasureJournal, chunks
from infra.gateway.rest.person_search import sessions_on_topic
from infra.gateway.rest.remaining import Remaining, RemainingElsewhere
from infra.gateway.settings import Settings
from infra.kafka.producer import OutgoingRecord, ProducerUnavailableError
from infra.kafka.reading import StreamError
from schemas.topics import SESSION_STATE

_log = logging.getLogger(__name__)

REDIS_TIMEOUT_S: Final = 2.0
MAX_WAITING: Final = 16
"""Erasures that may wait for the one in progress; further ones are asked to come back."""


class Erased(Struct):
    """`sessions`: how many named the person. `tombstones`: how many records were deleted on compacted topics.

    `debug_events` and `push_commands`: how many this gateway had in memory; other gateways follow within a second.
    """

    user_id: str
    sessions: int
    tombstones: int
    redis_keys: int
    remaining: list[Remaining]
    debug_events: int = 0
    push_commands: int = 0
    remaining_elsewhere: list[RemainingElsewhere] = []


class Eraser:
    """Erases in steps that can be repeated; the index by which the sessions are found goes last.

    1. Journal the person's sessions in Redis. 2. Mark them as erased and delete their keys. 3. Write their tombstones to
    Kafka, some at a time. 4. Forget them in the gateways' memory. 5. Delete the index and the journal. If a step fails, or
    the gateway is killed, the request can be repeated: it takes up the sessions of the journal and of the index.
    """

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway
        self._settings: Settings = gateway.settings
        self._topic = gateway.settings.topic(SESSION_STATE.name)
        # An erasure takes a thread for up to a minute, and threads are few.
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    async def erase(self, user_id: str) -> Erased:
        """Erases the person's data; raises `ApiError` 503 if that is not known to be complete, and can then be repeated."""
        if self._waiting >= MAX_WAITING:
            raise ApiError(
                503, "overloaded", "not erased: other erasures are in progress; retry later", retry_after_s=30
            )
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                return await self._erased(user_id)
        finally:
            self._waiting -= 1

    async def _erased(self, user_id: str) -> Erased:
        redis: Any = Redis.from_url(
            self._settings.redis_url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
        )
        try:
            return await self._run(user_id, ErasureJournal(redis))
        except (RedisError, OSError) as error:
            raise _incomplete("Redis", error) from None
        except (StreamError, ProducerUnavailableError) as error:
            raise _incomplete("Kafka", error) from None
        finally:
            await redis.aclose()

    async def _run(self, user_id: str, journal: ErasureJournal) -> Erased:
        known = sorted(await journal.open_sessions(user_id) | self._sessions_in_memory(user_id))
        deleted = await self._delete_keys(user_id, known, journal)
        # What Redis knows is deleted by now, even if Kafka does not answer.
        on_topic = await asyncio.to_thread(sessions_on_topic, user_id, self._settings.kafka, self._topic)
        found = sorted(set(on_topic) - set(known))
        deleted += await self._delete_keys(user_id, found, journal)
        sessions = [*known, *found]
        for chunk in chunks(sessions):
            await self._write_tombstones(chunk)
        forgotten = self._gateway.erased.forget(erasure_of(sessions, user_id), now_ms())
        deleted += await journal.finish(user_id, sessions)
        return Erased(
            user_id,
            len(sessions),
            len(sessions),
            deleted,
            remaining.on_topics(),
            forgotten.get("debug", 0),
            forgotten.get("push", 0),
            remaining.elsewhere(),
        )

    def _sessions_in_memory(self, user_id: str) -> set[str]:
        """Returns the sessions of the person's events on the debug page: Redis may not have taken their links in time."""
        exported = self._gateway.erased.exports.get("debug")
        found = [] if exported is None else exported(erasure_of([], user_id))
        return {each["session_id"] for each in found if each.get("user_id") == user_id}

    async def _delete_keys(self, user_id: str, sessions: Sequence[str], journal: ErasureJournal) -> int:
        await journal.begin(user_id, sessions)
        return await journal.delete_keys(user_id, sessions, now_ms())

    async def _write_tombstones(self, sessions: Sequence[str]) -> None:
        producer = self._gateway.producer
        tombstones = [OutgoingRecord(self._topic, each.encode(), None) for each in sessions]
        await producer.wait_acked(producer.send(tombstones))


def _incomplete(what: str, error: Exception) -> ApiError:
    """`TimeoutError` is an `OSError`: a topic that was not read in time counts as one that does not answer."""
    detail = (
        f"not erased completely: {what} does not answer ({error}); send the request again, it goes on where it stopped"
    )
    return ApiError(503, "unavailable", detail, retry_after_s=5)
