"""Rows are answered as PyFlink answers them, but for one iterator that stands for all answers without an element."""

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from udfs.runtime.pyflink_patches import empty_results
from udfs.runtime.pyflink_patches.row_conversion import CONVERTERS

NOTHING = object()


class JavaClass:
    """Whatever class PyFlink looks up when it is imported; `emptyIterator` is the one thing asked of it here."""

    def emptyIterator(self) -> object:
        return NOTHING

    def __getattr__(self, name: str) -> "JavaClass":
        return self


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """PyFlink's operations as they are in a TaskManager, where `pemja` is the bridge into its JVM."""
    monkeypatch.setitem(sys.modules, "pemja", SimpleNamespace(findClass=lambda name: JavaClass()))
    before = set(sys.modules)
    import_module(CONVERTERS)
    yield import_module(empty_results.OPERATIONS)
    for name in set(sys.modules) - before:
        if "embedded" in name:
            sys.modules.pop(name)


class Converter:
    def to_internal(self, value: int) -> int:
        return value * 10

    def to_external(self, value: int) -> str:
        return str(value)


class Upto:
    """An operation that yields the numbers below each row."""

    def process_element(self, value: int) -> Iterator[int]:
        yield from range(value)

    process_element1 = process_element

    def process_element2(self, value: int) -> Iterator[int]:
        yield from range(value, value + 2)


class Odd:
    """One behind it, in the same chain."""

    def process_element(self, value: int) -> Iterator[int]:
        if value % 2:
            yield value


def one_input(operations: ModuleType, chain: list[Any]) -> Any:
    operation = object.__new__(operations.OneInputFunctionOperation)
    operations.FunctionOperation.__init__(operation, chain, Converter())
    operation._input_data_converter = Converter()
    return operation


def two_inputs(operations: ModuleType, chain: list[Any]) -> Any:
    operation = object.__new__(operations.TwoInputFunctionOperation)
    operations.FunctionOperation.__init__(operation, chain, Converter())
    operation._input_data_converter1 = operation._input_data_converter2 = Converter()
    return operation


@pytest.mark.parametrize("chain", [[Upto()], [Upto(), Odd()]], ids=["one operation", "two operations"])
def test_elements_are_those_that_pyflink_yields(operations: ModuleType, chain: list[Any]) -> None:
    one, two = one_input(operations, chain), two_inputs(operations, chain)
    slow = [list(one.process_element(1)), list(two.process_element1(1)), list(two.process_element2(1))]
    empty_results.apply()
    assert [list(one.process_element(1)), list(two.process_element1(1)), list(two.process_element2(1))] == slow
    assert all(slow)


def test_a_row_without_elements_answers_with_nothing(operations: ModuleType) -> None:
    empty_results.apply()
    assert one_input(operations, [Upto()]).process_element(0) is NOTHING
    assert two_inputs(operations, [Upto()]).process_element1(0) is NOTHING


def test_what_a_chained_operation_drops_is_nothing_too(operations: ModuleType) -> None:
    class Dropping:
        def process_element(self, value: int) -> Iterator[int]:
            yield from ()

    empty_results.apply()
    assert two_inputs(operations, [Upto(), Dropping()]).process_element1(3) is NOTHING


def test_a_failure_is_not_swallowed(operations: ModuleType) -> None:
    class Failing:
        def process_element1(self, value: int) -> Iterator[int]:
            raise ValueError(value)
            yield 0

    empty_results.apply()
    with pytest.raises(ValueError, match="10"):
        two_inputs(operations, [Failing()]).process_element1(1)


def test_outside_of_thread_mode_nothing_is_touched() -> None:
    assert empty_results.OPERATIONS not in sys.modules
    empty_results.apply()
    assert empty_results.OPERATIONS not in sys.modules
