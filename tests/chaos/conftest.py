"""A real broker and a real cluster, started once for all tests that need them."""

import shutil
from collections.abc import Iterator

import pytest

from infra.local import stack as local
from infra.local.home import PROJECT, Home


@pytest.fixture(scope="session")
def stack() -> Iterator[local.Stack]:
    """Fresh, with ports of the system's choice where the usual ones are taken, and stopped afterwards."""
    home = Home(PROJECT / ".microadjust" / "test")
    local.down(home)
    shutil.rmtree(home.path, ignore_errors=True)
    try:
        yield local.up(home, taskmanagers=3)
    finally:
        local.down(home)
