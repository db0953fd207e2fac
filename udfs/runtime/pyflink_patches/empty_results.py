"""In thread mode, rows that yield nothing answer with nothing: one empty iterator for all of them.

PyFlink answers each row with a generator. Java asks it for its first element through the native interface and learns by an
exception with its whole stack trace that there is none; of session windows that is so for all but one in hundreds. What
Java may be given instead is any object with `hasNext`, `next` and `close`. What comes out is the same
(`tests/unit/udfs/test_empty_results.py`).
"""

import sys
from typing import Any, Final

from udfs.runtime.pyflink_patches.row_conversion import CONVERTERS

OPERATIONS: Final = "pyflink.fn_execution.embedded.operations"

_EMPTY: Final = "org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.MappingIterator"
"""A class that Flink brings along, public as reflection needs it, whose empty iterator can be asked and closed for ever."""


def apply() -> None:
    """To be called in `open`. In process mode PyFlink hands rows over by other means, and nothing is done."""
    operations = sys.modules.get(OPERATIONS)
    if operations is not None and CONVERTERS in sys.modules:
        from pemja import findClass  # type: ignore[import-untyped]

        install(operations, findClass(_EMPTY).emptyIterator())


def install(operations: Any, nothing: Any) -> None:
    """Replaces how PyFlink's `operations` answer rows, for all jobs of this interpreter."""

    def answered(self: Any, results: Any) -> Any:
        # Here, not when Java asks: the elements of a row are a few, and mostly none.
        found = list(self._process_elements(results))
        return self._output_elements(found) if found else nothing

    def one_input(self: Any, value: Any) -> Any:
        return answered(self, self._main_operation.process_element(self._input_data_converter.to_internal(value)))

    def first_input(self: Any, value: Any) -> Any:
        return answered(self, self._main_operation.process_element1(self._input_data_converter1.to_internal(value)))

    def second_input(self: Any, value: Any) -> Any:
        return answered(self, self._main_operation.process_element2(self._input_data_converter2.to_internal(value)))

    operations.OneInputFunctionOperation.process_element = one_input
    operations.TwoInputFunctionOperation.process_element1 = first_input
    operations.TwoInputFunctionOperation.process_element2 = second_input
