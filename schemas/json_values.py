"""Tells what in a value from YAML or JSON could not be written into a command: once accepted, a job would fail on it for ever."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

MAX_LEVELS: Final = 16
MAX_VALUES: Final = 2_000
"""Values in all, those in lists and objects included; YAML's aliases make millions of a few lines."""

MAX_CHARS: Final = 65_536
"""Characters of all texts together; Kafka refuses a command of a megabyte."""

_LARGEST_INTEGER: Final = 2**63 - 1


def json_problem(value: Any) -> str | None:
    """Returns where in `value` something is no JSON that every reader of commands can hold, and why; None if all is well.

    >>> json_problem({"video": {True: "small"}})
    '.video: the key True is no text; put it in quotes'
    >>> json_problem({"video": ["small", 2, None]})
    """
    return _Check().of(value, "", MAX_LEVELS)


class _Check:
    def __init__(self) -> None:
        self._values = self._chars = 0

    def of(self, value: Any, path: str, levels: int) -> str | None:
        self._values += 1
        if self._values > MAX_VALUES:
            return f": more than {MAX_VALUES} values in all"
        match value:
            case None | bool() | date():
                return None
            case str():
                return self._text(value, path)
            case int():
                is_held = -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER
                return None if is_held else f"{path}: an integer of more than 64 bits"
            case float():
                return None if value - value == 0.0 else f"{path}: {value} is no number in JSON"
            case Mapping():
                return self._below(((f"{path}.{key}", key, each) for key, each in value.items()), path, levels)
            case list() | tuple():
                return self._below(((f"{path}[{place}]", "", each) for place, each in enumerate(value)), path, levels)
        return f"{path}: a {type(value).__name__} is nothing in JSON; put it in quotes"

    def _below(self, entries: Any, path: str, levels: int) -> str | None:
        if not levels:
            return f": more than {MAX_LEVELS} levels of lists and objects"
        for where, key, each in entries:
            if not isinstance(key, str):
                return f"{path}: the key {key!r} is no text; put it in quotes"
            problem = self._text(key, path) or self.of(each, where, levels - 1)
            if problem is not None:
                return problem
        return None

    def _text(self, text: str, path: str) -> str | None:
        self._chars += len(text)
        if self._chars > MAX_CHARS:
            return f": more than {MAX_CHARS} characters in all"
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            return f"{path}: an unpaired surrogate, which is no text"
        return None
