"""Typed values per key in Flink's keyed state, behind a write-back cache."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec
from pyflink.common import Time, Types
from pyflink.datastream import RuntimeContext
from pyflink.datastream.state import StateTtlConfig, ValueStateDescriptor

MAX_CACHED_KEYS: Final = 20_000
TTL_H: Final = 24
"""A value that is not written for a day of processing time expires, in case its timer is ever lost."""

T = TypeVar("T")

_encoder: Final = msgspec.json.Encoder()


class _CacheEntry:
    """What a bundle holds for one key: per field its text, and the value decoded from it on the first read."""

    def __init__(self, fields: int) -> None:
        self.place = 0
        """Where its key stands among those of the cache."""
        self.texts: list[str | None] = [None] * fields
        self.values: list[Any] = [None] * fields
        self.decoded = [False] * fields
        self.changed: list[int] = []


class KeyedStateBundle:
    """One state value per key that holds the texts of several fields, with a write-back cache in front.

    Each write is a call into the JVM, which costs as much as a stage's arithmetic: the stages that look at a window together
    write together. The operator calls `flush` after every row and timer, before Flink can change the key or take a
    checkpoint. In state a field is a line: its name, a blank, its text.
    """

    def __init__(self, name: str, ttl_h: int = TTL_H) -> None:
        self._name = name
        self._ttl_h = ttl_h
        self._fields: list[StateField[Any]] = []
        self._cache: dict[str, _CacheEntry] = {}
        self._keys: list[str] = []
        """The keys of the cache."""
        self._dice = 1
        self._key: str | None = None
        self._current = _CacheEntry(0)
        self._state: Any = None

    def open(self, context: RuntimeContext) -> None:
        """Declares the state; opening the bundle again for its second and later fields does nothing."""
        if self._state is None:
            self._state = context.get_state(_descriptor(self._name, self._ttl_h))

    def register(self, field: "StateField[Any]") -> int:
        """Adds a field and returns its index. Raises ValueError for a name that cannot stand in a line of the state."""
        if " " in field.name or "\n" in field.name:
            raise ValueError(f"the name of a state field holds no blank and no line break: {field.name!r}")
        self._fields.append(field)
        return len(self._fields) - 1

    def entry(self, key: str) -> _CacheEntry:
        """Returns what is held for `key`, which must be Flink's current key."""
        if key == self._key:
            return self._current
        found = self._cache.get(key)
        if found is None:
            found = self._read()
            self._add(key, found)
        self._key, self._current = key, found
        return found

    def _add(self, key: str, entry: _CacheEntry) -> None:
        """Puts an entry into the cache. Where the cache is full it takes the place of any other: sessions come round every ten
        seconds, and if the oldest or the longest unused had to go, with one session too many every read would miss."""
        if len(self._keys) < MAX_CACHED_KEYS:
            entry.place = len(self._keys)
            self._keys.append(key)
        else:
            # A linear congruential generator (Knuth 1997, section 3.2.1), since nothing else needs be drawn here.
            self._dice = (self._dice * 1_103_515_245 + 12_345) % 2**31
            entry.place = (self._dice >> 8) % MAX_CACHED_KEYS
            del self._cache[self._keys[entry.place]]
            self._keys[entry.place] = key
        self._cache[key] = entry

    def _drop(self, key: str) -> None:
        """Gives back the place of a key of which nothing is held; the last one moves there."""
        place = self._cache.pop(key).place
        last = self._keys.pop()
        if last != key:
            self._keys[place] = last
            self._cache[last].place = place
        self._key, self._current = None, _CacheEntry(0)

    def flush(self, key: str) -> None:
        """Writes what has changed for `key`, which must be Flink's current key."""
        if key != self._key or not self._current.changed:
            return
        entry = self._current
        for index in entry.changed:
            value = entry.values[index]
            entry.texts[index] = None if value is None else self._fields[index].encode(value)
        entry.changed = []
        lines = [
            f"{field.name} {text}" for field, text in zip(self._fields, entry.texts, strict=True) if text is not None
        ]
        if lines:
            self._state.update("\n".join(lines))
        else:
            self._state.clear()
            self._drop(key)

    def _read(self) -> _CacheEntry:
        entry = _CacheEntry(len(self._fields))
        written: str | None = self._state.value()
        if written is not None:
            texts = dict(line.split(" ", 1) for line in written.split("\n"))
            entry.texts = [texts.get(field.name) for field in self._fields]
        return entry


class StateField(Generic[T]):
    """A value of type T per key, in state as one line of text, in a bundle with others or in a bundle of its own.

    Text because thread mode hands byte arrays over element by element, and pickles are no format to keep. Reading state costs
    a call into the JVM and decoding: values written by this instance stay cached, so that only the first read of a
    key pays for it. The cache cannot be stale, since a key belongs to one instance between two restarts.
    """

    def __init__(
        self,
        name: str,
        encode: Callable[[T], str],
        decode: Callable[[str], T],
        bundle: KeyedStateBundle | None = None,
        ttl_h: int = TTL_H,
    ) -> None:
        """`ttl_h` is for a field in a bundle of its own, which `set` writes at once."""
        self.name = name
        self.encode = encode
        self.decode = decode
        self._writes_through = bundle is None
        self._bundle = bundle or KeyedStateBundle(name, ttl_h)
        self._index = self._bundle.register(self)

    @classmethod
    def json(
        cls, name: str, kind: type[T], bundle: KeyedStateBundle | None = None, ttl_h: int = TTL_H
    ) -> "StateField[T]":
        """A field whose values, of the msgspec type `kind`, stand in state as JSON."""
        return cls(name, _to_json, msgspec.json.Decoder(kind).decode, bundle, ttl_h)

    def open(self, context: RuntimeContext) -> None:
        self._bundle.open(context)

    def get(self, key: str) -> T | None:
        """Returns the value of `key`, which must be Flink's current key."""
        entry = self._bundle.entry(key)
        index = self._index
        if not entry.decoded[index]:
            text = entry.texts[index]
            entry.values[index] = None if text is None else self.decode(text)
            entry.decoded[index] = True
        value: T | None = entry.values[index]
        return value

    def set(self, key: str, value: T | None) -> None:
        """Sets the value of `key`, which must be Flink's current key; None clears it."""
        entry = self._bundle.entry(key)
        index = self._index
        entry.values[index] = value
        entry.decoded[index] = True
        if index not in entry.changed:
            entry.changed.append(index)
        if self._writes_through:
            self._bundle.flush(key)

    def clear(self, key: str) -> None:
        self.set(key, None)


def _to_json(value: Any) -> str:
    return _encoder.encode(value).decode()


def _descriptor(name: str, ttl_h: int) -> ValueStateDescriptor:
    descriptor = ValueStateDescriptor(name, Types.STRING())
    ttl = StateTtlConfig.new_builder(Time.hours(ttl_h))
    # The default visibility would switch off process mode's own cache for this state.
    ttl.set_state_visibility(StateTtlConfig.StateVisibility.ReturnExpiredIfNotCleanedUp)
    # Spelt out: PyFlink 2.3 makes its default strategies by a call to a client's JVM, which a
    # TaskManager does not have.
    ttl.disable_cleanup_in_background()
    # One other entry a read: a round takes as many reads as there are keys, and a day is long. Flink's five cost more
    # than the read itself.
    ttl.cleanup_incrementally(1, False)
    ttl.cleanup_in_rocksdb_compact_filter(1000, Time.days(30))
    descriptor.enable_time_to_live(ttl.build())
    return descriptor
