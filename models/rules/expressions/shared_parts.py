"""The parts that several generated expressions have: evaluated once, under a name."""

import re
from collections.abc import Callable
from typing import Final

_SEAL: Final = "\0"
"""Stands in no source: `repr` writes it otherwise."""

_MARK: Final = re.compile(f"{_SEAL}a\\d+{_SEAL}")


class _Part:
    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source
        self.uses = 0


class SharedParts:
    """Sources hold marks in place of the parts until it is known in how many places each stands."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, bool], _Part] = {}

    def mark_of(self, key: tuple[str, bool], source: Callable[[], str]) -> str:
        """The mark of a part. `key` is the same for the same part."""
        if key not in self._parts:
            self._parts[key] = _Part(f"a{len(self._parts)}", source())
        part = self._parts[key]
        part.uses += 1
        return f"{_SEAL}{part.name}{_SEAL}"

    def resolved(self, sources: list[str]) -> tuple[list[str], list[str]]:
        """Statements that evaluate the parts which stand in several places, and the sources without marks."""
        found = {f"{_SEAL}{each.name}{_SEAL}": each for each in self._parts.values()}

        def written(match: re.Match[str]) -> str:
            part = found[match[0]]
            return part.name if part.uses > 1 else part.source

        statements = [f"{each.name} = {each.source}" for each in found.values() if each.uses > 1]
        return statements, [_MARK.sub(written, source) for source in sources]
