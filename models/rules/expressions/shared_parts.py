"""The parts that several generated expressions have: evaluated once, under a name."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Final

_SEAL: Final = "\0"
"""Stands in no source: `repr` writes it otherwise."""

_MARK: Final = re.compile(f"{_SEAL}a\\d+{_SEAL}")


class _Part:
    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.mark = f"{_SEAL}{name}{_SEAL}"
        self.source = source
        self.uses = 0


class SharedParts:
    """Sources hold marks in place of the parts until it is known in how many places each stands."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, bool], _Part] = {}
        self._by_mark: dict[str, _Part] = {}

    def mark_of(self, key: tuple[str, bool], source: Callable[[], str]) -> str:
        """The mark of a part. `key` is the same for the same part."""
        if key not in self._parts:
            part = _Part(f"a{len(self._parts)}", source())
            self._parts[key] = self._by_mark[part.mark] = part
        part = self._parts[key]
        part.uses += 1
        return part.mark

    def uses(self, source: str) -> int:
        """In how many places the part stands whose mark `source` is; 0 where it is none."""
        return self._by_mark[source].uses if source in self._by_mark else 0

    def resolved(self, sources: list[str]) -> tuple[list[str], list[str]]:
        """Statements that evaluate the parts which stand in several places, and the sources without marks."""
        stands = Counter(mark for source in sources for mark in _MARK.findall(source))

        def written(match: re.Match[str]) -> str:
            part = self._by_mark[match[0]]
            return part.name if stands[part.mark] > 1 else part.source

        statements = [f"{each.name} = {each.source}" for each in self._parts.values() if stands[each.mark] > 1]
        return statements, [_MARK.sub(written, source) for source in sources]
