"""Keeps the commands of the last ten minutes in order of arrival, to replay them to clients that reconnect."""

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from infra.gateway.erased_sessions import Erasure
from infra.kafka.reading import Record
from schemas.unreadable import UNREADABLE

REPLAY_MS: Final = 10 * 60_000
MAX_COMMANDS: Final = 20_000
"""At about 1 KB each; beyond that the oldest are dropped, whatever their age."""

MAX_IDS: Final = 100_000
"""Command ids kept to drop repeats. After a failure the job repeats at most what its last checkpoint did not cover."""


class PushMessage(Struct, frozen=True):
    """A command as it is sent: `text` is the whole message."""

    partition: int
    offset: int
    session_id: str | None
    command_id: str
    expires_at_ms: int
    appended_at_ms: int
    text: str
    user_id: str | None = None
    issued_at_ms: int = 0
    reverts: str | None = None

    @property
    def id(self) -> str:
        return f"{self.partition}-{self.offset}"


class _Header(Struct):
    command_id: str
    session_id: str | None
    expires_at_ms: int
    user_id: str | None = None
    issued_at_ms: int = 0
    reverts: str | None = None


class InvalidCommandError(Exception):
    """A record of adjustments.v1 that is not a command."""


_decoder = msgspec.json.Decoder(_Header)


def to_message(record: Record) -> PushMessage:
    """Wraps a command, unchanged but for its line ends. Raises `InvalidCommandError`."""
    raw = record.value or b""
    try:
        header = _decoder.decode(raw)
        # Line ends can only stand between tokens, and would end a line of server-sent events.
        command = raw.decode().replace("\r", " ").replace("\n", " ")
    except UNREADABLE as error:
        raise InvalidCommandError(str(error)) from None
    text = f'{{"id":"{record.partition}-{record.offset}","command":{command}}}'
    return PushMessage(
        record.partition,
        record.offset,
        header.session_id,
        header.command_id,
        header.expires_at_ms,
        record.timestamp_ms,
        text,
        header.user_id,
        header.issued_at_ms,
        header.reverts,
    )


def without_wait(message: PushMessage) -> PushMessage:
    """The message for a page that was opened after the command: that is the natural break which the command asks to wait for."""
    if '"at_break"' not in message.text:
        return message
    document = msgspec.json.decode(message.text)
    if document["command"].get("apply") != "at_break":
        return message
    document["command"]["apply"] = "now"
    return msgspec.structs.replace(message, text=msgspec.json.encode(document).decode())


def parse_last_ids(last_id: str) -> dict[int, int]:
    """Parses `partition-offset`, or several separated by commas: a client of all sessions has a last id per partition.

    >>> parse_last_ids("2-17,0-4")
    {2: 17, 0: 4}
    >>> parse_last_ids("17")
    Traceback (most recent call last):
    ValueError: '17' is not partition-offset
    """
    found: dict[int, int] = {}
    for part in last_id.split(","):
        partition, dash, offset = part.strip().partition("-")
        if not (dash and _is_number(partition) and _is_number(offset)):
            raise ValueError(f"{part[:40]!r} is not partition-offset")
        found[int(partition)] = max(int(offset), found.get(int(partition), -1))
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19


class ReplayBuffer:
    """The commands of the last ten minutes, each command id once."""

    def __init__(self, max_commands: int = MAX_COMMANDS, max_ids: int = MAX_IDS) -> None:
        self._max_commands, self._max_ids = max_commands, max_ids
        self._all: deque[PushMessage] = deque()
        self._by_session: defaultdict[str, deque[PushMessage]] = defaultdict(deque)
        self._ids: dict[str, None] = {}

    def add(self, each: PushMessage, is_kept: bool = True) -> bool:
        """False if its command id is known already. One that is not kept is only remembered by its id."""
        if each.command_id in self._ids:
            return False
        self._ids[each.command_id] = None
        if len(self._ids) > self._max_ids:
            del self._ids[next(iter(self._ids))]
        if not is_kept:
            return True
        self._all.append(each)
        if each.session_id is not None:
            self._by_session[each.session_id].append(each)
        while len(self._all) > self._max_commands or self._all[0].appended_at_ms < each.appended_at_ms - REPLAY_MS:
            self._drop(self._all.popleft())
        return True

    def _drop(self, oldest: PushMessage) -> None:
        if oldest.session_id is None:
            return
        of_session = self._by_session[oldest.session_id]
        of_session.popleft()
        if not of_session:
            del self._by_session[oldest.session_id]

    def forget(self, erasure: Erasure) -> int:
        """Removes the commands to erased sessions and people; returns how many there were."""
        kept = [each for each in self._all if not erasure.covers(each.session_id, each.user_id)]
        removed = len(self._all) - len(kept)
        if removed:
            self._all = deque(kept)
            self._by_session.clear()
            for each in kept:
                if each.session_id is not None:
                    self._by_session[each.session_id].append(each)
        return removed

    def exported(self, wanted: Erasure) -> list[dict[str, Any]]:
        """Returns the messages that `forget` would remove."""
        return [msgspec.json.decode(each.text) for each in self._all if wanted.covers(each.session_id, each.user_id)]

    def of(self, session_id: str | None) -> Iterator[PushMessage]:
        """The commands of a session; of all sessions for None."""
        if session_id is None:
            return iter(self._all)
        return iter(self._by_session.get(session_id, ()))
