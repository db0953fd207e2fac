"""PyFlink patch (thread mode): convert rows without per-attribute checks and without calling identity converters.

Whatever crosses from the JVM becomes two of PyFlink's `Row`, one for the key with its value and one for the value. PyFlink sets
each attribute through a check of its own and calls a converter for every field, even where that returns its argument: 5 µs a
row on a quiet core instead of 2 (`infra/bench/conversion.py`). The result is the same (`test_row_conversion.py`).

Retired by a PyFlink whose `RowDataConverter.to_internal` fills a `Row` without `Row.__setattr__` and skips
`IdentityDataConverter`. No ticket has been filed.
"""

import sys
from types import ModuleType
from typing import Any, Final

from pyflink.common import Row, RowKind

CONVERTERS: Final = "pyflink.fn_execution.embedded.converters"
"""Imported in thread mode only."""

_KINDS: Final = {kind.value: kind for kind in RowKind}


def apply() -> bool:
    """Applies the patch in thread mode. Returns whether it is in force: in process mode PyFlink converts by other means."""
    converters = sys.modules.get(CONVERTERS)
    if converters is None:
        return False
    _replace_methods(converters)
    return True


def _replace_methods(converters: ModuleType) -> None:
    identity = converters.IdentityDataConverter

    def row(self: Any, value: Any) -> Row | None:
        if value is None:
            return None
        kind, items = value
        made = object.__new__(Row)
        # Past `__setattr__`, which checks every name against the fields of the row.
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
