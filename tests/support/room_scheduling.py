"""Divides the tests among the processes of `make test`: those that share something in one, the others by file."""

from typing import Final

from xdist.scheduler.loadscope import LoadScopeScheduling

SHARING: Final = {
    "tests/integration/ingest/": "broker",
    "tests/integration/serving/": "broker",
    "tests/integration/abuse/": "broker",
    "tests/integration/": "stack",
    "tests/chaos/": "stack",
    "tests/browser/": "stack",
    "tests/cluster/": "mini-cluster",
}
"""Rooms whose tests share a broker, Flink beside one and the browser, or the mini-cluster's JVM. The first that fits counts."""


class RoomScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """One unit of work for all rooms that share one thing, one for each other file."""

    def _split_scope(self, nodeid: str) -> str:
        shared = next((name for room, name in SHARING.items() if nodeid.startswith(room)), None)
        return shared or nodeid.partition("::")[0]
