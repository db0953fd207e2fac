"""A service that does not become ready is stopped, since no record of the stack would ever find it."""

import sys
from pathlib import Path

import pytest

from infra.local import processes
from infra.local.home import ServiceRecord
from infra.local.processes import StackError


@pytest.fixture
def sleeper(tmp_path: Path) -> ServiceRecord:
    return processes.start([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log", {}, {})


def never() -> bool:
    return False


def interrupted() -> bool:
    raise KeyboardInterrupt


def test_a_service_that_is_not_ready_in_time_is_stopped(sleeper: ServiceRecord, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="not ready after 0 s"):
        processes.wait_until(never, "Sleep", sleeper, tmp_path / "log", timeout_s=0.2)
    assert processes.find(sleeper) is None


def test_a_start_that_is_interrupted_leaves_nothing_running(sleeper: ServiceRecord, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        processes.wait_until(interrupted, "Sleep", sleeper, tmp_path / "log")
    assert processes.find(sleeper) is None


def test_a_service_that_is_ready_goes_on(sleeper: ServiceRecord, tmp_path: Path) -> None:
    processes.wait_until(lambda: True, "Sleep", sleeper, tmp_path / "log")
    assert processes.find(sleeper) is not None
    assert processes.stop(sleeper)


LISTENER = """
import socket, sys, time
held = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)
"""


def test_a_port_that_another_process_listens_on_is_not_its_own(sleeper: ServiceRecord, tmp_path: Path) -> None:
    """Two stacks that start in the same second find the same port free."""
    port = processes.free_port(0)
    listener = processes.start([sys.executable, "-c", LISTENER, str(port)], tmp_path / "listener", {}, {})
    try:
        processes.wait_until(
            lambda: processes.is_listening(listener, port), "Listener", listener, tmp_path / "listener", timeout_s=10
        )
        assert processes.listens(port)
        assert not processes.is_listening(sleeper, port)
    finally:
        assert processes.stop(listener)
        assert processes.stop(sleeper)
    assert not processes.is_listening(listener, port)
