"""Values per key in keyed state, written together, with what was decoded last kept at hand."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from pyflink.common import Time, Types
from pyflink.datastream import RuntimeContext
from pyflink.datastream.state import StateTtlConfig, ValueStateDescriptor

MOST_KEPT: Final = 20_000
TTL_H: Final = 24
"""A value that nobody writes for a day of processing time goes, should its timer ever be lost."""

T = TypeVar("T")


class _Contents:
    """What a drawer holds for one key: per cell its text, and the value decoded from it once somebody has asked."""

    def __init__(self, cells: int) -> None:
        self.texts: list[str | None] = [None] * cells
        self.values: list[Any] = [None] * cells
        self.decoded = [False] * cells
        self.changed: list[int] = []


class Drawer:
    """One state value per key that holds the texts of several cells, written when the operator says so.

    Each write is a call into the JVM, which costs as much as a stage's arithmetic: the stages that look at a window together
    write together. The operator calls `flush` after every row and timer; nothing may stay in between. In state a cell is
    a line, name and text with a blank between them.
    """

    def __init__(self, name: str, ttl_h: int = TTL_H) -> None:
        self._name = name
        self._ttl_h = ttl_h
        self._cells: list[Cell[Any]] = []
        self._kept: dict[str, _Contents] = {}
        self._key: str | None = None
        self._contents = _Contents(0)
        self._state: Any = None

    def open(self, context: RuntimeContext) -> None:
        """Declares the state; the second and later cells of a drawer find it open."""
        if self._state is None:
            self._state = context.get_state(_descriptor(self._name, self._ttl_h))

    def add(self, cell: "Cell[Any]") -> int:
        """The place of a new cell."""
        self._cells.append(cell)
        return len(self._cells) - 1

    def contents(self, key: str) -> _Contents:
        """What is held for the current key, which is `key`."""
        if key == self._key:
            return self._contents
        found = self._kept.get(key)
        if found is None:
            found = self._read()
            if len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = found
        self._key, self._contents = key, found
        return found

    def flush(self, key: str) -> None:
        """Writes what has changed for the current key, which is `key`."""
        if key != self._key or not self._contents.changed:
            return
        contents = self._contents
        for place in contents.changed:
            value = contents.values[place]
            contents.texts[place] = None if value is None else self._cells[place].dump(value)
        contents.changed = []
        lines = [
            f"{cell.name} {text}" for cell, text in zip(self._cells, contents.texts, strict=True) if text is not None
        ]
        if lines:
            self._state.update("\n".join(lines))
        else:
            self._state.clear()

    def _read(self) -> _Contents:
        contents = _Contents(len(self._cells))
        written: str | None = self._state.value()
        if written is not None:
            texts = dict(line.split(" ", 1) for line in written.split("\n"))
            contents.texts = [texts.get(cell.name) for cell in self._cells]
        return contents


class Cell(Generic[T]):
    """A value of type T per key, in state as one line of text, in a drawer with others or alone.

    Text because thread mode hands byte arrays over element by element, and pickles are no format to keep. Reading state costs
    a call into the JVM and decoding: values written by this instance are kept, so that only the first look at a
    key pays for it. The copy cannot be stale, since a key belongs to one instance between two restarts.
    """

    def __init__(
        self,
        name: str,
        dump: Callable[[T], str],
        load: Callable[[str], T],
        drawer: Drawer | None = None,
        ttl_h: int = TTL_H,
    ) -> None:
        """`ttl_h` is for a cell that lies alone."""
        self.name = name
        self.dump = dump
        self._load = load
        self._alone = drawer is None
        self._drawer = drawer or Drawer(name, ttl_h)
        self._place = self._drawer.add(self)

    def open(self, context: RuntimeContext) -> None:
        self._drawer.open(context)

    def get(self, key: str) -> T | None:
        """The value of the current key, which is `key`."""
        contents = self._drawer.contents(key)
        place = self._place
        if not contents.decoded[place]:
            text = contents.texts[place]
            contents.values[place] = None if text is None else self._load(text)
            contents.decoded[place] = True
        value: T | None = contents.values[place]
        return value

    def put(self, key: str, value: T | None) -> None:
        """Sets the value of the current key, which is `key`; None clears it."""
        contents = self._drawer.contents(key)
        place = self._place
        contents.values[place] = value
        contents.decoded[place] = True
        if place not in contents.changed:
            contents.changed.append(place)
        if self._alone:
            self._drawer.flush(key)

    def clear(self, key: str) -> None:
        self.put(key, None)


def _descriptor(name: str, ttl_h: int) -> ValueStateDescriptor:
    descriptor = ValueStateDescriptor(name, Types.STRING())
    ttl = StateTtlConfig.new_builder(Time.hours(ttl_h))
    # The default visibility would switch off process mode's own cache for this state.
    ttl.set_state_visibility(StateTtlConfig.StateVisibility.ReturnExpiredIfNotCleanedUp)
    # Spelt out: PyFlink 2.3 makes its default strategies by a call to a client's JVM, which a
    # TaskManager does not have.
    ttl.disable_cleanup_in_background()
    # One other entry a look: a round takes as many looks as there are keys, and a day is long. Flink's five cost more
    # than the look itself.
    ttl.cleanup_incrementally(1, False)
    ttl.cleanup_in_rocksdb_compact_filter(1000, Time.days(30))
    descriptor.enable_time_to_live(ttl.build())
    return descriptor
