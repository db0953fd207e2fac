"""PyFlink's conversion of rows in thread mode, made more than twice as quick.

Whatever crosses from the JVM becomes two of PyFlink's `Row`, one for the key with its value and one for the value. PyFlink sets
each attribute through a check of its own and calls a converter for every field, even where that gives back what it got: 5 µs a
row on a quiet core instead of 2 (`infra/bench/conversion.py`). What comes out is the same (`test_row_conversion.py`).
"""

import sys
from types import ModuleType
from typing import Any, Final

from pyflink.common import Row, RowKind

CONVERTERS: Final = "pyflink.fn_execution.embedded.converters"
"""Imported in thread mode only."""

_KINDS: Final = {kind.value: kind for kind in RowKind}


def apply() -> None:
    """To be called in `open`. In process mode PyFlink converts by other means, and nothing is done."""
    converters = sys.modules.get(CONVERTERS)
    if converters is not None:
        install(converters)


def install(converters: ModuleType) -> None:
    """Replaces how PyFlink's `converters` take in rows and arrays, for all jobs of this interpreter."""
    identity = converters.IdentityDataConverter

    def row(self: Any, value: Any) -> Row | None:
        if value is None:
            return None
        kind, items = value
        made = object.__new__(Row)
        # Past `__setattr__`, which asks of every name whether a row may have it.
        attributes = made.__dict__
        attributes["_values"] = [
            item if type(converter) is identity else converter.to_internal(item)
            for converter, item in zip(self._field_data_converters, items, strict=False)
        ]
        attributes["_from_dict"] = False
        attributes["_row_kind"] = _KINDS[kind]
        attributes["_fields"] = self._field_names
        return made

    def array(self: Any, value: Any) -> tuple[Any, ...]:
        converter = self._field_converter
        return tuple(value) if type(converter) is identity else tuple([converter.to_internal(each) for each in value])

    converters.RowDataConverter.to_internal = row
    converters.ArrayDataConverter.to_internal = array
