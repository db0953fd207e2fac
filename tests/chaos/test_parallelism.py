"""Four subtasks, and rescaling through them, on half an hour of readers with refits: `make test-chaos`."""

from pathlib import Path

import pytest

from infra.local import stack as local
from infra.local.stack import Stack
from infra.simulate.recording import records
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.recording import WorldRecording
from tests.support.stack import running_job

pytestmark = pytest.mark.chaos

REFITS = ("--refit-min", "3", "--refit-lead-s", "20")


@pytest.fixture
def wide(stack: Stack) -> Stack:
    """A slot for each of four subtasks, and one for learning."""
    return local.up(stack.home, taskmanagers=5)


@pytest.mark.timeout(900)
def test_one_two_and_four_subtasks_and_rescaling_give_the_same_commands(wide: Stack, tmp_path: Path) -> None:
    readers = WorldRecording("mixed", 60, 30.0, seed=29, changes=WORLDS["mixed"].changes, arrive_minutes=3.0)
    readers.write(tmp_path / "readers.jsonl")
    recording = list(records(tmp_path / "readers.jsonl"))
    runs = []
    for parallelism in ((1,), (2,), (4,), (2, 4, 1)):
        with running_job(wide, *REFITS, "--parallelism", str(parallelism[0])) as job:
            sent = job.replay(recording).sent
            for each in parallelism[1:]:
                job.rescale(each)
            assert job.settle(sent, patience_s=180).missing == 0
            assert job.restarts() == 0
            runs.append(job.commands())
    once, *others = runs
    assert len(once) > 20, len(once)
    for other in others:
        assert other == once
