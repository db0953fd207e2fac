"""Runs one operator of the job in this process: keyed state, broadcast state and timers of event time as plain Python.

It is what Flink guarantees in one subtask, and no more: rows in the order they are given, timers by time when event time passes
them. State that Flink would drop by its clock is kept: the operators decide by event time.
"""

from collections import Counter
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any, Final

NO_TIME: Final = -(2**63)


class MemoryOperator:
    """An opened operator. What it emits are rows, or (output tag, row) for a side output."""

    def __init__(self, operator: Any) -> None:
        self._operator = operator
        self._context = _Context(self)
        self.values: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[str, list[Any]]] = {}
        self.broadcast_state: dict[str, str] = {}
        self.counters: Counter[str] = Counter()
        self.key = ""
        self.watermark = NO_TIME
        self._timers: list[tuple[int, str]] = []
        self._waiting: set[tuple[int, str]] = set()
        operator.open(self._context)

    def send(self, key: str, row: Any) -> list[Any]:
        """Returns what the operator emits for a row of that key."""
        self.key = key
        return list(self._operator.process_element(row, self._context) or ())

    def broadcast(self, row: Any) -> list[Any]:
        """Returns what the operator emits for a row of its broadcast input."""
        return list(self._operator.process_broadcast_element(row, self._context) or ())

    def advance(self, watermark: int) -> list[Any]:
        """Returns what the operator emits on its timers up to `watermark`, earliest first, those set meanwhile included."""
        emitted: list[Any] = []
        self.watermark = watermark
        while self._timers and self._timers[0][0] <= watermark:
            timer = heappop(self._timers)
            self._waiting.discard(timer)
            at_ms, self.key = timer
            emitted += self._operator.on_timer(at_ms, self._context) or ()
        return emitted

    def register(self, at_ms: int) -> None:
        timer = (at_ms, self.key)
        if timer not in self._waiting:
            self._waiting.add(timer)
            heappush(self._timers, timer)

    def delete(self, at_ms: int) -> None:
        timer = (at_ms, self.key)
        if timer in self._waiting:
            self._waiting.discard(timer)
            self._timers.remove(timer)


class _Context:
    """All that PyFlink hands to an operator: runtime context, context of a row or timer, timer service, metrics group."""

    def __init__(self, operator: MemoryOperator) -> None:
        self._operator = operator

    def get_state(self, descriptor: Any) -> "_Value":
        return _Value(self._operator, self._operator.values.setdefault(descriptor.name, {}))

    def get_list_state(self, descriptor: Any) -> "_List":
        return _List(self._operator, self._operator.lists.setdefault(descriptor.name, {}))

    def get_metrics_group(self) -> "_Context":
        return self

    def counter(self, name: str) -> "_Counter":
        return _Counter(self._operator.counters, name)

    def add_group(self, name: str, extra: str) -> "_Group":
        return _Group(self._operator.counters, f"{name}.{extra}.")

    def get_index_of_this_subtask(self) -> int:
        return 0

    def get_number_of_parallel_subtasks(self) -> int:
        return 1

    def get_current_key(self) -> str:
        return self._operator.key

    def get_broadcast_state(self, _: Any) -> "_Broadcast":
        return _Broadcast(self._operator.broadcast_state)

    def timer_service(self) -> "_Context":
        return self

    def current_watermark(self) -> int:
        return self._operator.watermark

    def register_event_time_timer(self, at_ms: int) -> None:
        self._operator.register(at_ms)

    def delete_event_time_timer(self, at_ms: int) -> None:
        self._operator.delete(at_ms)


class _Value:
    def __init__(self, operator: MemoryOperator, held: dict[str, Any]) -> None:
        self._operator, self._held = operator, held

    def value(self) -> Any:
        return self._held.get(self._operator.key)

    def update(self, value: Any) -> None:
        self._held[self._operator.key] = value

    def clear(self) -> None:
        self._held.pop(self._operator.key, None)


class _List:
    def __init__(self, operator: MemoryOperator, held: dict[str, list[Any]]) -> None:
        self._operator, self._held = operator, held

    def get(self) -> Iterable[Any]:
        return iter(list(self._held.get(self._operator.key, ())))

    def add(self, value: Any) -> None:
        self._held.setdefault(self._operator.key, []).append(value)

    def update(self, values: list[Any]) -> None:
        if values:
            self._held[self._operator.key] = list(values)
        else:
            self.clear()

    def clear(self) -> None:
        self._held.pop(self._operator.key, None)


class _Broadcast:
    def __init__(self, held: dict[str, str]) -> None:
        self._held = held

    def items(self) -> Iterable[tuple[str, str]]:
        return iter(list(self._held.items()))

    def get(self, key: str) -> str | None:
        return self._held.get(key)

    def contains(self, key: str) -> bool:
        return key in self._held

    def put(self, key: str, value: str) -> None:
        self._held[key] = value

    def remove(self, key: str) -> None:
        self._held.pop(key, None)


class _Group:
    """A group of metrics within that of the operator."""

    def __init__(self, counters: Counter[str], prefix: str) -> None:
        self._counters, self._prefix = counters, prefix

    def counter(self, name: str) -> "_Counter":
        return _Counter(self._counters, self._prefix + name)


class _Counter:
    def __init__(self, counters: Counter[str], name: str) -> None:
        self._counters, self._name = counters, name

    def inc(self, n: int = 1) -> None:
        self._counters[self._name] += n
