"""Exports what is held of a person (GET /v1/people/{user_id}/export)."""

import asyncio
import time
from typing import Any, Final

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.gateway.clock import now_ms
from infra.gateway.components import GatewayContext
from infra.gateway.erased_sessions import erasure_of
from infra.gateway.errors import ApiError
from infra.gateway.rest import remaining
from infra.gateway.rest.erasure_journal import ErasureJournal
from infra.gateway.rest.person_search import sessions_on_topic
from infra.gateway.rest.remaining import Remaining, RemainingElsewhere
from infra.kafka.connection import KafkaConnection
from infra.kafka.reading import StreamError, TopicReader
from infra.redis import keys
from schemas.topics import ADJUSTMENTS, EVENTS, OUTCOMES, SESSION_STATE
from schemas.unreadable import UNREADABLE

REDIS_TIMEOUT_S: Final = 2.0
READ_TIMEOUT_S: Final = 60.0
MAX_RECORDS: Final = 20_000
"""Records of one topic in an export; beyond that, or after a minute of reading, the export says that it is not complete."""

_TOPICS: Final = (EVENTS, ADJUSTMENTS, OUTCOMES)


class ExportedSession(Struct):
    """What Redis and session-state.v1 hold of one session, as it stands there."""

    session_id: str
    state: dict[str, Any] | None = None
    redis: dict[str, Any] = {}


class PersonExport(Struct):
    """What is held of a person. `complete` is false if a topic was too long to be read as a whole.

    What was erased is left out, also where its records still stand on topics: `not_exported` lists those places.
    """

    user_id: str
    at_ms: int
    complete: bool
    sessions: list[ExportedSession]
    records: dict[str, list[dict[str, Any]]]
    debug_events: list[dict[str, Any]]
    push_commands: list[dict[str, Any]]
    not_exported: list[Remaining]
    not_exported_elsewhere: list[RemainingElsewhere]


class Exporter:
    """Finds the person's sessions as an erasure does."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway, self._settings = gateway, gateway.settings
        self._one_at_a_time = asyncio.Lock()

    async def export(self, user_id: str) -> PersonExport:
        """Raises `ApiError` 503 where Redis or Kafka does not answer."""
        redis: Any = Redis.from_url(
            self._settings.redis_url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
        )
        try:
            async with self._one_at_a_time:
                return await self._export(user_id, redis)
        except (RedisError, OSError) as error:
            raise _unavailable("Redis", error) from None
        except StreamError as error:
            raise _unavailable("Kafka", error) from None
        finally:
            await redis.aclose()

    async def _export(self, user_id: str, redis: Any) -> PersonExport:
        kafka, topic = self._settings.kafka, self._settings.topic
        journal = ErasureJournal(redis)
        on_topic = await asyncio.to_thread(sessions_on_topic, user_id, kafka, topic(SESSION_STATE.name))
        known = await journal.open_sessions(user_id) | set(on_topic)
        sessions = sorted(known - await journal.is_erased(sorted(known)))
        names = {topic(each.name): each.name for each in _TOPICS}
        read = PersonRecords(user_id, frozenset(sessions))
        complete = await asyncio.to_thread(read.read, kafka, names)
        # An event may be the only one that knows of a session, so those are looked up as well.
        erased = await journal.is_erased(sorted(read.sessions - known))
        sessions = sorted({*sessions, *(read.sessions - known - erased)})
        gone = (known | read.sessions) - set(sessions)
        held = [await _session(redis, each, on_topic.get(each)) for each in sessions]
        memory = {
            name: exported(erasure_of(sessions, user_id)) for name, exported in self._gateway.erased.exports.items()
        }
        return PersonExport(
            user_id,
            now_ms(),
            complete,
            held,
            {name: [each for each in of if each.get("session_id") not in gone] for name, of in read.records.items()},
            memory.get("debug", []),
            memory.get("push", []),
            remaining.on_topics(),
            remaining.elsewhere(),
        )


class PersonRecords:
    """Collects the records of topics that name the person or one of the sessions."""

    def __init__(self, user_id: str, sessions: frozenset[str]) -> None:
        self._user_id, self._wanted = user_id, sessions
        self._keys = {each.encode() for each in sessions}
        # JSON may write it in other ways than this encoder; then the session's other records still count.
        self._mention = msgspec.json.encode(user_id)
        self.sessions: set[str] = set()
        self.records: dict[str, list[dict[str, Any]]] = {}

    def read(self, kafka: KafkaConnection, names: dict[str, str]) -> bool:
        """Reads the topics; returns whether to their ends. Blocks; raises `StreamError`."""
        self.records = {name: [] for name in names.values()}
        deadline_s = time.monotonic() + READ_TIMEOUT_S
        with TopicReader(kafka, *names, missing_ok=True) as reader:
            for record in reader.read_to_end(quiet_s=0.0):
                if time.monotonic() > deadline_s:
                    return False
                value = record.value
                if value is None or not (record.key in self._keys or self._mention in value):
                    continue
                fields = _decoded(value)
                if fields is None:
                    continue
                session_id = fields.get("session_id")
                if fields.get("user_id") != self._user_id and session_id not in self._wanted:
                    continue
                if type(session_id) is str:
                    self.sessions.add(session_id)
                listed = self.records[names[record.topic]]
                if len(listed) >= MAX_RECORDS:
                    return False
                listed.append(fields)
        return True


async def _session(redis: Any, session_id: str, state: bytes | None) -> ExportedSession:
    held = await redis.hgetall(keys.session(session_id))
    recent = await redis.lrange(keys.recent(session_id), 0, -1)
    commands = await redis.hvals(keys.adjustments(session_id))
    found: dict[str, Any] = {}
    if held:
        found["state"] = {name.decode(): msgspec.json.decode(value) for name, value in held.items()}
    if recent:
        found["recent"] = [msgspec.json.decode(each) for each in recent]
    if commands:
        found["adjustments"] = [msgspec.json.decode(each) for each in commands]
    return ExportedSession(session_id, None if state is None else _decoded(state), found)


def _decoded(value: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(value)
    except UNREADABLE:
        return None
    return found if type(found) is dict else None


def _unavailable(what: str, error: Exception) -> ApiError:
    return ApiError(503, "unavailable", f"not exported: {what} does not answer ({error}); retry later", retry_after_s=5)
