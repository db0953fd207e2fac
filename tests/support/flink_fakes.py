"""Flink's state, timers and contexts as plain Python, and a driver that runs an operator on them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pyflink.datastream.state import ListStateDescriptor, MapStateDescriptor, StateDescriptor, ValueStateDescriptor

BEFORE_ALL_TIME = -(2**63)


def lines(text: str) -> dict[str, str]:
    """The fields of a bundle by name, as they stand in state."""
    return dict(line.split(" ", 1) for line in text.split("\n"))


@dataclass
class FakeFlink:
    """What outlives an operator: keyed state by name and key, broadcast state by name, timers, and the watermark."""

    values: dict[str, dict[str, str]] = field(default_factory=dict)
    lists: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    broadcast: dict[str, dict[str, str]] = field(default_factory=dict)
    timers: set[tuple[int, str]] = field(default_factory=set)
    clock_timers: set[tuple[int, str]] = field(default_factory=set)
    clock_ms: int = 0
    watermark: int = BEFORE_ALL_TIME
    key: str | None = None
    descriptors: list[StateDescriptor] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    subtask: int = 0
    subtasks: int = 1

    @property
    def current_key(self) -> str:
        assert self.key is not None, "keyed state outside of a keyed element"
        return self.key

    def left_of(self, key: str) -> set[str]:
        """Names of the fields and lists that still hold something for `key`."""
        fields = {name for held in self.values.values() if key in held for name in lines(held[key])}
        return fields | {name for name, held in self.lists.items() if key in held}

    def state_field(self, name: str) -> dict[str, str]:
        """The text of that state field by key, in whichever bundle it lies."""
        bundles = [(key, lines(text)) for held in self.values.values() for key, text in held.items()]
        return {key: bundle[name] for key, bundle in bundles if name in bundle}

    # The runtime context.

    def get_state(self, descriptor: ValueStateDescriptor) -> "FakeValue":
        self.descriptors.append(descriptor)
        return FakeValue(self, self.values.setdefault(descriptor.name, {}))

    def get_list_state(self, descriptor: ListStateDescriptor) -> "FakeList":
        self.descriptors.append(descriptor)
        return FakeList(self, self.lists.setdefault(descriptor.name, {}))

    def get_metrics_group(self) -> "FakeMetrics":
        return FakeMetrics(self.counters)

    def get_index_of_this_subtask(self) -> int:
        return self.subtask

    def get_number_of_parallel_subtasks(self) -> int:
        return self.subtasks


@dataclass
class FakeValue:
    """Value state of texts, or of whole numbers."""

    flink: FakeFlink
    held: dict[str, str]

    def value(self) -> str | None:
        return self.held.get(self.flink.current_key)

    def update(self, value: Any) -> None:
        assert type(value) in (str, int), "the state is declared as text, or as a whole number"
        self.held[self.flink.current_key] = value

    def clear(self) -> None:
        self.held.pop(self.flink.current_key, None)


@dataclass
class FakeList:
    """List state of texts. `get` gives an iterator that can be read once, as PyFlink's does."""

    flink: FakeFlink
    held: dict[str, list[str]]

    def get(self) -> Iterator[str]:
        yield from list(self.held.get(self.flink.current_key, []))

    def add(self, value: str) -> None:
        assert type(value) is str, "the state is declared as text"
        self.held.setdefault(self.flink.current_key, []).append(value)

    def clear(self) -> None:
        self.held.pop(self.flink.current_key, None)

    def update(self, values: list[str]) -> None:
        self.held[self.flink.current_key] = list(values)
        if not values:
            del self.held[self.flink.current_key]


@dataclass
class FakeReadOnlyMap:
    """Broadcast state as the keyed side sees it."""

    held: dict[str, str]

    def items(self) -> Iterable[tuple[str, str]]:
        yield from list(self.held.items())

    def get(self, key: str) -> str | None:
        return self.held.get(key)

    def contains(self, key: str) -> bool:
        return key in self.held


class FakeMap(FakeReadOnlyMap):
    """Broadcast state as the broadcast side sees it."""

    def put(self, key: str, value: str) -> None:
        assert type(key) is type(value) is str, "the state is declared as text by text"
        self.held[key] = value

    def remove(self, key: str) -> None:
        self.held.pop(key, None)


@dataclass
class FakeMetrics:
    counters: Counter[str]
    prefix: str = ""

    def counter(self, name: str) -> "FakeCounter":
        return FakeCounter(self.counters, self.prefix + name)

    def add_group(self, name: str, extra: str) -> "FakeMetrics":
        return FakeMetrics(self.counters, f"{self.prefix}{name}.{extra}.")


@dataclass
class FakeCounter:
    counters: Counter[str]
    name: str

    def inc(self, n: int = 1) -> None:
        self.counters[self.name] += n


@dataclass
class FakeContext:
    """What an operator is given with an element or a timer; `writes` on the broadcast side alone."""

    flink: FakeFlink
    writes: bool = False

    def get_current_key(self) -> str:
        return self.flink.current_key

    def get_broadcast_state(self, descriptor: MapStateDescriptor) -> FakeReadOnlyMap:
        held = self.flink.broadcast.setdefault(descriptor.name, {})
        return FakeMap(held) if self.writes else FakeReadOnlyMap(held)

    def timer_service(self) -> "FakeContext":
        assert not self.writes, "the broadcast side sets no timers"
        return self

    def current_watermark(self) -> int:
        return self.flink.watermark

    def current_processing_time(self) -> int:
        return self.flink.clock_ms

    def register_processing_time_timer(self, timestamp: int) -> None:
        self.flink.clock_timers.add((timestamp, self.flink.current_key))

    def register_event_time_timer(self, timestamp: int) -> None:
        self.flink.timers.add((timestamp, self.flink.current_key))


class Running:
    """An operator on its way. Another one on the same `flink` is what Flink starts from a checkpoint."""

    def __init__(self, operator: Any, flink: FakeFlink | None = None) -> None:
        self.flink = flink or FakeFlink()
        # PyFlink 2.3 in thread mode: timers of an operator with a broadcast input have no side outputs.
        self._timers_have_sides = not hasattr(operator, "process_broadcast_element")
        self.flink.key = None
        self._operator = operator
        self.acks: list[Any] = []
        """Rows (key, JSON) of the side output of acknowledgements, which no other answer contains."""
        operator.open(self.flink)

    def send(self, key: str, row: Any) -> list[Any]:
        """What the operator emits for `row`."""
        self.flink.key = key
        return self._drained(self._operator.process_element(row, FakeContext(self.flink)))

    def broadcast(self, row: Any) -> list[Any]:
        """What it emits for a row of the broadcast input."""
        self.flink.key = None
        return self._drained(self._operator.process_broadcast_element(row, FakeContext(self.flink, writes=True)))

    def advance(self, watermark: int) -> list[Any]:
        """What it emits on the timers up to `watermark`, earliest first; those set meanwhile included."""
        assert watermark >= self.flink.watermark, "event time never goes back"
        self.flink.watermark = watermark
        emitted: list[Any] = []
        while due := min((timer for timer in self.flink.timers if timer[0] <= watermark), default=None):
            self.flink.timers.remove(due)
            self.flink.key = due[1]
            fired = self._drained(self._operator.on_timer(due[0], FakeContext(self.flink)))
            has_sides = any(isinstance(each, tuple) for each in fired)
            assert self._timers_have_sides or not has_sides, "thread mode knows no side outputs of these timers"
            emitted += fired
        return emitted

    def pass_time(self, until_ms: int) -> list[Any]:
        """What it emits on the timers of the wall clock up to `until_ms`."""
        self.flink.clock_ms = max(self.flink.clock_ms, until_ms)
        emitted: list[Any] = []
        while due := min((timer for timer in self.flink.clock_timers if timer[0] <= self.flink.clock_ms), default=None):
            self.flink.clock_timers.remove(due)
            self.flink.key = due[1]
            emitted += self._drained(self._operator.on_timer(due[0], FakeContext(self.flink)))
        return emitted

    def _drained(self, emitted: Iterable[Any] | None) -> list[Any]:
        found = list(emitted or ())
        self.flink.key = None
        is_ack = [isinstance(each, tuple) and each[0].tag_id == "control-acks" for each in found]
        self.acks += [each[1] for each, is_one in zip(found, is_ack, strict=True) if is_one]
        return [each for each, is_one in zip(found, is_ack, strict=True) if not is_one]
