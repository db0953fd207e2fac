"""The log tells whether the modules that look at every row run compiled."""

import logging
from types import ModuleType

import pytest

from udfs.runtime.compilation import is_compiled, log_compilation


@pytest.mark.parametrize(
    ("file", "compiled"),
    [
        ("/tmp/pyfiles/models/judgement/habits.cpython-311-x86_64-linux-gnu.so", True),
        ("/tmp/pyfiles/models/judgement/habits.py", False),
        ("/tmp/pyfiles/models/judgement/habits.pyc", False),
    ],
    ids=["extension", "source", "bytecode"],
)
def test_a_module_tells_by_its_file(file: str, compiled: bool) -> None:
    module = ModuleType("habits")
    module.__file__ = file
    assert is_compiled(module) is compiled


def test_plain_python_is_a_warning_that_names_the_fix(caplog: pytest.LogCaptureFixture) -> None:
    log_compilation()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "compiled: no" in record.getMessage()
    assert "microadjust package" in record.getMessage()
