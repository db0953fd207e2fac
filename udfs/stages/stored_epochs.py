"""What broadcast state holds of things that are made once an epoch, so that a restart finds what was there before."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from models.epochs import outdated
from models.isolation_forest.registry import MAX_AGE_EPOCHS


class _Dated(msgspec.Struct):
    """Of a record only its epoch."""

    epoch: int


_dated: Final = msgspec.json.Decoder(_Dated)


class StoredEpochs:
    """The records of one kind, by line (content type): each thing that was `made`, and the latest of every other status.

    A record stays until no window needs it. The names are held in memory: they are read from the state once, since reading one
    record reads the bodies of all, which are megabytes.
    """

    def __init__(self, kind: str, made: str, oldest_epoch: Callable[[int], int]) -> None:
        """`oldest_epoch` tells the oldest epoch that windows after a watermark need."""
        self._kind = kind
        self._made = made
        self._oldest_epoch = oldest_epoch
        self._names: dict[str, dict[str, int]] | None = None
        """By line, the names in the state with their epochs."""

    def store(self, status: str, line: str, epoch: int, body: str, state: Any, watermark: int) -> None:
        """Writes a record and removes those that are not needed any more."""
        if self._names is None:
            self._names = self._read(state)
        own = self._names.setdefault(line, {})
        name = self._name(status, epoch, line)
        own[name] = epoch
        state.put(name, body)
        oldest = self._oldest_epoch(watermark)
        for old in outdated([each for name, each in own.items() if self._is_made(name)], oldest):
            self._remove(own, self._name(self._made, old, line), state)
        for vanished in [each for each, names in self._names.items() if max(names.values()) <= oldest - MAX_AGE_EPOCHS]:
            names = self._names.pop(vanished)
            for each in list(names):
                self._remove(names, each, state)

    def _remove(self, names: dict[str, int], name: str, state: Any) -> None:
        state.remove(name)
        del names[name]

    def _name(self, status: str, epoch: int, line: str) -> str:
        name = f"{self._kind}:{status}:{epoch if status == self._made else 'latest'}"
        return f"{name}:{line}" if self._kind == "refit" else name

    def _is_made(self, name: str) -> bool:
        return name.startswith(f"{self._kind}:{self._made}:")

    def _read(self, state: Any) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        # Not `keys`: PyFlink 2.3 asks for a method there that broadcast state in the JVM does not have.
        for name, body in state.items():
            if name.startswith(f"{self._kind}:"):
                parts = name.split(":", 3)
                epoch = int(parts[2]) if self._is_made(name) else _dated.decode(body).epoch
                found.setdefault(parts[3] if len(parts) > 3 else "", {})[name] = epoch
        return found
