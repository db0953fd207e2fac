"""The environment of a job that is started as a process of its own."""

import os
from collections.abc import Mapping
from typing import Final

from infra.local.home import PROJECT

# Taken before any test runs: PyFlink's loopback server overwrites this process's environment with that of a
# Python worker (JAVA_HOME, PYFLINK_GATEWAY_DISABLED and more), and a job that inherits it finds no JVM.
AT_START: Final = dict(os.environ)


def job_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """This process's environment as it was before the first test, with `environ`."""
    return {**AT_START, "PYTHONPATH": str(PROJECT), **environ}
