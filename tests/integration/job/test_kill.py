"""`kill -9` of a TaskManager under load, in short form; the long one is `make test-chaos`."""

import pytest

from infra.local.stack import Stack
from infra.simulate.recording import SAMPLE, records
from tests.support.killing import survive

pytestmark = pytest.mark.kafka


@pytest.mark.timeout(400)
def test_a_killed_taskmanager_changes_no_command(stack: Stack) -> None:
    survived = survive(stack, list(records(SAMPLE)), speed=40, kills_at_s=[7])
    print(f"\n{survived}")
    assert survived.commands > 0
    assert (survived.lost, survived.duplicated, survived.different, survived.missing_events) == (0, 0, 0, 0)
