"""The patches are applied to the release they were written for, and nowhere else."""

import logging
import sys
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace

import pytest
from pyflink.version import __version__

from udfs.runtime import pyflink_patches
from udfs.runtime.pyflink_patches.empty_results import OPERATIONS
from udfs.runtime.pyflink_patches.row_conversion import CONVERTERS


class JavaClass:
    """Stands for every class of the JVM that PyFlink or a patch looks up."""

    def __getattr__(self, name: str) -> "JavaClass":
        return self

    def __call__(self) -> "JavaClass":
        return self


@pytest.fixture
def thread_mode(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """PyFlink's modules as thread mode loads them, where `pemja` is the bridge into the JVM."""
    monkeypatch.setitem(sys.modules, "pemja", SimpleNamespace(findClass=lambda name: JavaClass()))
    before = set(sys.modules)
    import_module(OPERATIONS)
    yield
    for name in set(sys.modules) - before:
        if "embedded" in name:
            sys.modules.pop(name)


def test_the_installed_release_is_patched_in_thread_mode(thread_mode: None) -> None:
    assert __version__ == pyflink_patches.PATCHED_VERSION, "review the patches, then raise PATCHED_VERSION"
    assert pyflink_patches.apply() == 2


def test_outside_of_thread_mode_nothing_is_patched() -> None:
    assert CONVERTERS not in sys.modules
    assert pyflink_patches.apply() == 0


def test_another_release_is_left_alone_and_logged_once(thread_mode: None, caplog: pytest.LogCaptureFixture) -> None:
    converter = sys.modules[CONVERTERS].RowDataConverter
    method = converter.to_internal
    with caplog.at_level(logging.WARNING):
        assert [pyflink_patches.apply("9.9.9"), pyflink_patches.apply("9.9.9")] == [0, 0]
    assert converter.to_internal is method
    assert [record.getMessage() for record in caplog.records] == [
        "PyFlink is not patched: the patches are for 2.3.0, this is 9.9.9"
    ]
