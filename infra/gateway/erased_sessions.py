"""Remembers which sessions and people were erased, for what a gateway keeps in its own memory."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from infra.redis import keys
from models.session_state import person_digest

_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased: sessions, and people by a digest of their id, so that the log of erasures names nobody."""

    sessions: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()

    def covers(self, session_id: str | None, user_id: str | None) -> bool:
        return session_id in self.sessions or (user_id is not None and person_digest(user_id) in self.people)

    def is_mentioned_in(self, text: str) -> bool:
        """Whether a string in the JSON, which may be broken, is one of the sessions or people."""
        found = {each.group(1) for each in _STRING.finditer(text)}
        return any(self.covers(each, each) for each in map(_unescaped, found))


@dataclass(slots=True)
class ErasedSessions:
    """The sessions of the last week's erasures by the time of it, and what components keep of readers in memory.

    A hook removes what its component keeps of an erasure and returns how many entries that were; an export returns them.
    """

    sessions: dict[str, int] = field(default_factory=dict)
    hooks: dict[str, Callable[[Erasure], int]] = field(default_factory=dict)
    exports: dict[str, Callable[[Erasure], list[dict[str, Any]]]] = field(default_factory=dict)

    def __contains__(self, session_id: str | None) -> bool:
        return session_id in self.sessions

    def forget(self, erasure: Erasure, at_ms: int) -> dict[str, int]:
        """Calls the hooks; returns what each has removed, by its name.

        Sessions that were erased before anything that topics still hold are dropped, so that not all of them are kept for ever.
        """
        for each in erasure.sessions:
            self.sessions[each] = max(at_ms, self.sessions.pop(each, at_ms))
        for each in [
            each for each, erased_at_ms in self.sessions.items() if erased_at_ms <= at_ms - keys.ERASED_LIFE_MS
        ]:
            del self.sessions[each]
        return {name: hook(erasure) for name, hook in self.hooks.items()}


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"')) if "\\" in text else text
    except ValueError:
        return text


def erasure_of(sessions: Iterable[str], *user_ids: str) -> Erasure:
    return Erasure(frozenset(sessions), frozenset(map(person_digest, user_ids)))
