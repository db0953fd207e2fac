"""Rows cross into Python as PyFlink's own converters would make them."""

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from udfs.runtime.pyflink_patches import row_conversion

NAME = "pyflink.fn_execution.embedded.converters"


@pytest.fixture
def converters(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """PyFlink's converters as they are in a TaskManager, where `pemja` is the bridge into its JVM."""
    monkeypatch.setitem(sys.modules, "pemja", SimpleNamespace(findClass=lambda name: name))
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    module = import_module(NAME)
    yield module
    sys.modules.pop(NAME)


def crossing(of: Any) -> Any:
    """The converter of rows (key, (kind, numbers, texts, rows))."""
    same = of.IdentityDataConverter()
    inner = of.RowDataConverter([of.PickleDataConverter(), same], ["a", "b"])
    value = of.RowDataConverter([same, same, of.ArrayDataConverter(same), of.ArrayDataConverter(inner)], list("knti"))
    return of.RowDataConverter([same, value], ["key", "value"])


PICKLED = b"\x80\x04K\x07."  # 7
ROWS: list[Any] = [
    (0, ("s1", (0, ("session", [1.0, float("inf")], ("a", None), ())))),
    (3, ("s1", (2, ("session", [], (), ((0, (PICKLED, None)), (1, (PICKLED, "x"))))))),
    (0, (None, None)),
    None,
]


@pytest.mark.parametrize("row", ROWS, ids=["numbers and texts", "pickled", "nulls", "none"])
def test_rows_come_out_as_from_pyflink(converters: ModuleType, row: Any) -> None:
    slow = crossing(converters).to_internal(row)
    row_conversion.apply()
    quick = crossing(converters).to_internal(row)
    assert quick == slow
    assert repr(quick) == repr(slow)
    assert type(quick) is type(slow)
    if row is not None:
        assert vars(quick) == vars(slow)
        assert quick.get_row_kind() is slow.get_row_kind()


def test_what_went_in_comes_out_again(converters: ModuleType) -> None:
    row_conversion.apply()
    converter = crossing(converters)
    for row in ROWS[:2]:
        assert converter.to_external(converter.to_internal(row)) == row


def test_an_array_that_is_missing_is_refused_as_by_pyflink(converters: ModuleType) -> None:
    array = converters.ArrayDataConverter(converters.IdentityDataConverter())
    with pytest.raises(TypeError):
        array.to_internal(None)
    row_conversion.apply()
    with pytest.raises(TypeError):
        array.to_internal(None)


def test_it_is_pyflink_that_is_made_quicker(converters: ModuleType) -> None:
    """A release that converts by other methods would leave the replacement unused, and nobody would notice."""
    before = {
        name: vars(getattr(converters, name))["to_internal"] for name in ("RowDataConverter", "ArrayDataConverter")
    }
    row_conversion.apply()
    for name, method in before.items():
        assert vars(getattr(converters, name))["to_internal"] is not method


def test_in_process_mode_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    row_conversion.apply()
    assert NAME not in sys.modules
