"""The same recording twice into fresh topics: the same bytes come out, forests refitted on the way included."""

import pytest

from infra.local.stack import Stack
from infra.simulate.scenario import Scenario
from tests.support.stack import running_job

pytestmark = pytest.mark.kafka
REFITS = ("--refit-min", "3", "--refit-lead-s", "20")


@pytest.mark.timeout(400)
def test_a_replay_gives_byte_identical_commands(stack: Stack) -> None:
    recording = [record for _, _, record in Scenario(seed=23).lines()]
    runs = []
    for _ in range(2):
        with running_job(stack, *REFITS) as job:
            assert job.settle(job.replay(recording).sent).missing == 0
            runs.append(job.commands())
    once, twice = runs
    assert len(once) > 20
    assert once == twice
