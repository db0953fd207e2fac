"""Finds a person's sessions on session-state.v1: Redis may have been emptied."""

import time
from typing import Final

import msgspec
from msgspec import Struct

from infra.kafka.connection import KafkaConnection
from infra.kafka.reading import TopicReader
from schemas.unreadable import UNREADABLE

READ_TIMEOUT_S: Final = 60.0
"""For reading session-state.v1, which holds at most two days of sessions."""


class _Owner(Struct):
    session_id: str
    user_id: str | None = None


_owner_decoder = msgspec.json.Decoder(_Owner)


def sessions_on_topic(user_id: str, kafka: KafkaConnection, topic: str) -> dict[str, bytes]:
    """Returns the person's sessions with their latest state. Blocks; raises `StreamError` or `TimeoutError`.

    A session counts if any state that still stands on the topic names the person. Without a later tombstone.
    """
    latest: dict[str, bytes] = {}
    named: set[str] = set()
    deadline_s = time.monotonic() + READ_TIMEOUT_S
    with TopicReader(kafka, topic) as reader:
        for record in reader.read_to_end(quiet_s=0.0):
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{topic} was not read within {READ_TIMEOUT_S:.0f} s")
            if record.value is None:
                session_id = (record.key or b"").decode("utf-8", "replace")
                named.discard(session_id)
                latest.pop(session_id, None)
                continue
            owner = _owner(record.value)
            if owner is None:
                continue
            if owner.user_id == user_id:
                named.add(owner.session_id)
            if owner.session_id in named:
                latest[owner.session_id] = record.value
    return {each: latest[each] for each in named}


def _owner(value: bytes) -> _Owner | None:
    try:
        return _owner_decoder.decode(value)
    except UNREADABLE:
        return None
