"""Operators for the tests: they must not stand in the module that is run."""

from collections.abc import Iterator
from typing import Any

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ValueStateDescriptor

from udfs.runtime import pyflink_patches


class Counting(KeyedProcessFunction):
    """Emits (current key, how many rows of that key so far, sum of the row's numbers)."""

    def open(self, runtime_context: RuntimeContext) -> None:
        self._count: Any = runtime_context.get_state(ValueStateDescriptor("count-v1", Types.LONG()))

    def process_element(self, value: Any, ctx: Any) -> Iterator[Row]:
        _, numbers, _ = value
        count = (self._count.value() or 0) + 1
        self._count.update(count)
        yield Row(ctx.get_current_key(), count, float(sum(numbers)))


class Patched(KeyedProcessFunction):
    """Emits, for each row, how many patches of PyFlink are in force, and nothing for rows whose first number is 0."""

    def open(self, runtime_context: RuntimeContext) -> None:
        self._patches = pyflink_patches.apply()

    def process_element(self, value: Any, ctx: Any) -> Iterator[int]:
        if value[1][0] != 0.0:
            yield self._patches
