"""The same recording twice into fresh topics: the same bytes come out, forests refitted on the way included."""

import pytest

from infra.local.stack import Stack
from infra.simulate.scenario import Scenario
from tests.support.stack import start_job

pytestmark = pytest.mark.kafka
REFITS = ("--refit-min", "3", "--refit-lead-s", "20")


@pytest.mark.timeout(400)
def test_a_replay_gives_byte_identical_commands(stack: Stack) -> None:
    recording = [record for _, _, record in Scenario(seed=23).lines()]
    job = start_job(stack, *REFITS)
    first = job.replay(recording)
    assert job.settle(first.sent).missing == 0
    once = job.commands()
    job.cancel()
    again = start_job(stack, *REFITS)
    assert again.settle(again.replay(recording).sent).missing == 0
    twice = again.commands(len(once))
    again.cancel()
    assert len(once) > 20
    assert once == twice
