"""Tells in the TaskManager's log whether the modules that look at every row run compiled."""

import logging
from types import ModuleType
from typing import Final

from models.judgement import habits

_log: Final = logging.getLogger(__name__)


def is_compiled(module: ModuleType = habits) -> bool:
    """Tells whether a module was loaded from an extension; they are compiled all together or not at all.

    >>> is_compiled(logging)
    False
    """
    return not str(module.__file__).endswith((".py", ".pyc"))


def log_compilation() -> None:
    """Logs whether the modules run compiled, as a warning if they do not."""
    if is_compiled():
        _log.info("compiled: yes, the modules that look at every row run as machine code")
    else:
        _log.warning(
            "compiled: no, the job runs as plain Python; `microadjust package` compiles where there is a C compiler"
        )
