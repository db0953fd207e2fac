"""PyFlink patch (thread mode): return one shared empty iterator for elements without output, instead of a generator per element.

Java asks a generator for its first element through the native interface and learns by an exception with its whole stack trace
that there is none; of session windows that is so for all but one in hundreds. Any object with `hasNext`, `next` and
`close` may stand in for the generator. The output is the same (`tests/unit/udfs/test_empty_results.py`).

Retired by a PyFlink that accepts `None` where an element has no output. No ticket has been filed.
"""

import sys
from typing import Any, Final

from udfs.runtime.pyflink_patches.row_conversion import CONVERTERS

OPERATIONS: Final = "pyflink.fn_execution.embedded.operations"

_EMPTY: Final = "org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.MappingIterator"
"""A class that Flink brings along, public as reflection needs it, whose empty iterator can be asked and closed repeatedly."""


def apply() -> bool:
    """Applies the patch in thread mode. Returns whether it is in force: process mode hands rows over by other means."""
    operations = sys.modules.get(OPERATIONS)
    if operations is None or CONVERTERS not in sys.modules:
        return False
    from pemja import findClass  # type: ignore[import-untyped]

    _replace_methods(operations, findClass(_EMPTY).emptyIterator())
    return True


def _replace_methods(operations: Any, empty_iterator: Any) -> None:
    def output(self: Any, results: Any) -> Any:
        # Here, not when Java asks: the elements of a row are a few, and mostly none.
        found = list(self._process_elements(results))
        return self._output_elements(found) if found else empty_iterator

    def one_input(self: Any, value: Any) -> Any:
        return output(self, self._main_operation.process_element(self._input_data_converter.to_internal(value)))

    def first_input(self: Any, value: Any) -> Any:
        return output(self, self._main_operation.process_element1(self._input_data_converter1.to_internal(value)))

    def second_input(self: Any, value: Any) -> Any:
        return output(self, self._main_operation.process_element2(self._input_data_converter2.to_internal(value)))

    operations.OneInputFunctionOperation.process_element = one_input
    operations.TwoInputFunctionOperation.process_element1 = first_input
    operations.TwoInputFunctionOperation.process_element2 = second_input
