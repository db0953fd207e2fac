"""Values per key in keyed state, written together, with what was decoded last kept at hand."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec
from pyflink.common import Time, Types
from pyflink.datastream import RuntimeContext
from pyflink.datastream.state import StateTtlConfig, ValueStateDescriptor

MOST_KEPT: Final = 20_000
TTL_H: Final = 24
"""A value that nobody writes for a day of processing time goes, should its timer ever be lost."""

T = TypeVar("T")
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(dict[str, str])


class Drawer:
    """One state value per key that holds the texts of several cells, written when the operator says so.

    Each write is a call into the JVM, which costs as much as a stage's arithmetic: the stages that look at a window together
    write together. The operator calls `flush` after every row and timer; nothing may stay in between.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._kept: dict[str, dict[str, str]] = {}
        self._dirty: dict[str, Callable[[], str] | None] = {}
        self._state: Any = None

    def open(self, context: RuntimeContext) -> None:
        """Declares the state; the second and later cells of a drawer find it open."""
        if self._state is None:
            self._state = context.get_state(_descriptor(self._name))

    def text(self, key: str, cell: str) -> str | None:
        """What was written last for that cell of the current key, which is `key`."""
        return self._texts(key).get(cell)

    def put(self, cell: str, dump: Callable[[], str] | None) -> None:
        """Notes that the cell of the current key has changed; None clears it."""
        self._dirty[cell] = dump

    def flush(self, key: str) -> None:
        """Writes what has changed for the current key, which is `key`."""
        if not self._dirty:
            return
        texts = self._texts(key)
        for cell, dump in self._dirty.items():
            if dump is None:
                texts.pop(cell, None)
            else:
                texts[cell] = dump()
        self._dirty.clear()
        if texts:
            self._state.update(_encoder.encode(texts).decode())
        else:
            self._state.clear()

    def _texts(self, key: str) -> dict[str, str]:
        if key not in self._kept:
            written = self._state.value()
            _make_room(self._kept, key)
            self._kept[key] = {} if written is None else _decoder.decode(written)
        return self._kept[key]


class Cell(Generic[T]):
    """A value of type T per key, in state as text, in a drawer with others or alone.

    Text because thread mode hands byte arrays over element by element, and pickles are no format to keep. Reading state costs
    a call into the JVM and decoding: values written by this instance are kept, so that only the first look at a
    key pays for it. The copy cannot be stale, since a key belongs to one instance between two restarts.
    """

    def __init__(
        self, name: str, dump: Callable[[T], str], load: Callable[[str], T], drawer: Drawer | None = None
    ) -> None:
        self._name = name
        self._dump = dump
        self._load = load
        self._alone = drawer is None
        self._drawer = drawer or Drawer(name)
        self._kept: dict[str, T | None] = {}

    def open(self, context: RuntimeContext) -> None:
        self._drawer.open(context)

    def get(self, key: str) -> T | None:
        """The value of the current key, which is `key`."""
        if key in self._kept:
            return self._kept[key]
        text = self._drawer.text(key, self._name)
        return self._keep(key, None if text is None else self._load(text))

    def put(self, key: str, value: T) -> None:
        self._keep(key, value)
        dump = self._dump
        self._drawer.put(self._name, lambda: dump(value))
        if self._alone:
            self._drawer.flush(key)

    def clear(self, key: str) -> None:
        self._keep(key, None)
        self._drawer.put(self._name, None)
        if self._alone:
            self._drawer.flush(key)

    def _keep(self, key: str, value: T | None) -> T | None:
        _make_room(self._kept, key)
        self._kept[key] = value
        return value


def _make_room(kept: dict[str, Any], key: str) -> None:
    if len(kept) >= MOST_KEPT and key not in kept:
        del kept[next(iter(kept))]


def _descriptor(name: str) -> ValueStateDescriptor:
    descriptor = ValueStateDescriptor(name, Types.STRING())
    ttl = StateTtlConfig.new_builder(Time.hours(TTL_H))
    # The default visibility would switch off process mode's own cache for this state.
    ttl.set_state_visibility(StateTtlConfig.StateVisibility.ReturnExpiredIfNotCleanedUp)
    # The defaults, spelt out: PyFlink 2.3 makes its default strategies by a call to a client's JVM, which a
    # TaskManager does not have.
    ttl.disable_cleanup_in_background()
    ttl.cleanup_incrementally(5, False)
    ttl.cleanup_in_rocksdb_compact_filter(1000, Time.days(30))
    descriptor.enable_time_to_live(ttl.build())
    return descriptor
