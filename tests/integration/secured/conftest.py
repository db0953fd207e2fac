"""A broker that demands SASL_SSL with ACLs, and the command line as its users run it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from infra.local import stack as local
from infra.local.home import PROJECT, Home
from tests.support.secured_broker import SecuredBroker

PATIENCE_S = 300.0


@dataclass(frozen=True)
class Ended:
    """What a command left: exit status, output, and how long it took."""

    status: int
    out: str
    err: str
    seconds: float


Cli = Callable[..., Ended]


@pytest.fixture(scope="session")
def secured(home: Home) -> Iterator[SecuredBroker]:
    own = Home(home.path / "secured")
    try:
        broker = SecuredBroker(own)
        done = run_cli(home, broker.environment("setup"), "topics", "create", "--bootstrap", broker.bootstrap)
        assert done.status == 0, done.err
        yield broker
    finally:
        local.down(own)


def run_cli(home: Home, environ: Mapping[str, str], *arguments: str) -> Ended:
    """Runs `microadjust` in a process of its own."""
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "MICROADJUST_HOME": str(home.path), **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - began_s)


@pytest.fixture
def cli(home: Home) -> Cli:
    """`cli(environment, *arguments)`."""
    return lambda environ, *arguments: run_cli(home, environ, *arguments)
