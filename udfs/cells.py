"""One value per key in keyed state, with what was decoded last kept at hand."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from pyflink.common import Time, Types
from pyflink.datastream import RuntimeContext
from pyflink.datastream.state import StateTtlConfig, ValueStateDescriptor

MOST_KEPT: Final = 20_000
TTL_H: Final = 24
"""A value that nobody writes for a day of processing time goes, should its timer ever be lost."""

T = TypeVar("T")


class Cell(Generic[T]):
    """A value of type T per key, in state as text.

    Text because thread mode hands byte arrays over element by element, and pickles are no format to keep. Reading state costs
    a call into the JVM and decoding: values written by this instance are kept, so that only the first look at a
    key pays for it. The copy cannot be stale, since a key belongs to one instance between two restarts.
    """

    def __init__(self, name: str, dump: Callable[[T], str], load: Callable[[str], T]) -> None:
        self._name = name
        self._dump = dump
        self._load = load

    def open(self, context: RuntimeContext) -> None:
        descriptor = ValueStateDescriptor(self._name, Types.STRING())
        ttl = StateTtlConfig.new_builder(Time.hours(TTL_H))
        # The default visibility would switch off process mode's own cache for this state.
        ttl.set_state_visibility(StateTtlConfig.StateVisibility.ReturnExpiredIfNotCleanedUp)
        # The defaults, spelt out: PyFlink 2.3 makes its default strategies by a call to a client's JVM, which a
        # TaskManager does not have.
        ttl.disable_cleanup_in_background()
        ttl.cleanup_incrementally(5, False)
        ttl.cleanup_in_rocksdb_compact_filter(1000, Time.days(30))
        descriptor.enable_time_to_live(ttl.build())
        self._state: Any = context.get_state(descriptor)
        self._kept: dict[str, T | None] = {}

    def get(self, key: str) -> T | None:
        """The value of the current key, which is `key`."""
        if key in self._kept:
            return self._kept[key]
        text = self._state.value()
        return self._keep(key, None if text is None else self._load(text))

    def put(self, key: str, value: T) -> None:
        self._keep(key, value)
        self._state.update(self._dump(value))

    def clear(self, key: str) -> None:
        self._keep(key, None)
        self._state.clear()

    def _keep(self, key: str, value: T | None) -> T | None:
        if len(self._kept) >= MOST_KEPT and key not in self._kept:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = value
        return value
