"""A mini-cluster in this process's own JVM."""

import os
import sysconfig

import pytest

from infra.local.home import PROJECT


@pytest.fixture(scope="session", autouse=True)
def python_for_the_jvm() -> None:
    """Python inside the JVM (thread mode) does not see the virtual environment; set before the JVM starts."""
    os.environ["PYTHONPATH"] = os.pathsep.join([sysconfig.get_path("purelib"), str(PROJECT)])
