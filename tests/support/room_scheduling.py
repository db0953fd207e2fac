"""Divides the tests among the processes of `make test`: those that share something in one, the others by file."""

from typing import Final

from xdist.scheduler.loadscope import LoadScopeScheduling

ONE_PROCESS: Final = ("tests/browser/", "tests/chaos/", "tests/cluster/", "tests/integration/")
"""Rooms whose tests share the stack, the browser or the mini-cluster's JVM."""


class RoomScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """One unit of work for all of these rooms, one for each other file."""

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith(ONE_PROCESS) else nodeid.partition("::")[0]
