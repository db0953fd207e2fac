"""The commands of the last minutes, in the order they came, for those who were away for a moment."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

KEPT_MS: Final = 10 * 60_000
MOST_KEPT: Final = 20_000
"""At about 1 KB each; beyond that the oldest go, whatever their age."""

MOST_IDS: Final = 100_000
"""Command ids remembered to drop repeats. After a failure the job repeats at most what its last checkpoint did not hold."""

Positions = Mapping[int, int]
"""By partition, the offset of the last command that somebody has seen."""


class Pushed(Struct, frozen=True):
    """A command as it goes out: `text` is the whole message."""

    partition: int
    offset: int
    session_id: str | None
    command_id: str
    expires_at_ms: int
    appended_at_ms: int
    text: str

    @property
    def id(self) -> str:
        return f"{self.partition}-{self.offset}"


class _Header(Struct):
    command_id: str
    session_id: str | None
    expires_at_ms: int


class NoCommand(Exception):
    """A record of adjustments.v1 that is none."""


_decoder = msgspec.json.Decoder(_Header)


def pushed(partition: int, offset: int, appended_at_ms: int, raw: bytes | None) -> Pushed:
    """Raises `NoCommand`. The command itself goes through as it stands on the topic."""
    try:
        header = _decoder.decode(raw or b"")
        # Line ends can only stand between tokens, and would end a line of server-sent events.
        command = (raw or b"").decode().replace("\r", " ").replace("\n", " ")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoCommand(str(error)) from None
    text = f'{{"id":"{partition}-{offset}","command":{command}}}'
    return Pushed(partition, offset, header.session_id, header.command_id, header.expires_at_ms, appended_at_ms, text)


def positions(last_id: str) -> dict[int, int]:
    """Of `partition-offset`, or several with commas between: one who hears all sessions has a last id per partition.

    >>> positions("2-17,0-4")
    {2: 17, 0: 4}
    >>> positions("17")
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


class History:
    """What came within ten minutes, each command id once."""

    def __init__(self, most: int = MOST_KEPT, most_ids: int = MOST_IDS) -> None:
        self._most, self._most_ids = most, most_ids
        self._all: deque[Pushed] = deque()
        self._by_session: defaultdict[str, deque[Pushed]] = defaultdict(deque)
        self._ids: dict[str, None] = {}

    def add(self, each: Pushed) -> bool:
        """False if its command has come before."""
        if each.command_id in self._ids:
            return False
        self._ids[each.command_id] = None
        if len(self._ids) > self._most_ids:
            del self._ids[next(iter(self._ids))]
        self._all.append(each)
        if each.session_id is not None:
            self._by_session[each.session_id].append(each)
        while len(self._all) > self._most or self._all[0].appended_at_ms < each.appended_at_ms - KEPT_MS:
            self._drop(self._all.popleft())
        return True

    def _drop(self, oldest: Pushed) -> None:
        if oldest.session_id is None:
            return
        of_session = self._by_session[oldest.session_id]
        of_session.popleft()
        if not of_session:
            del self._by_session[oldest.session_id]

    def of(self, session_id: str | None) -> Iterator[Pushed]:
        """Those of a session, or all."""
        if session_id is None:
            return iter(self._all)
        return iter(self._by_session.get(session_id, ()))
