"""The same recording twice into fresh topics, into one subtask and into two: the same bytes come out, commands and proposals,
site cards and refits on the way included."""

from pathlib import Path

import pytest

from infra.local.stack import Stack
from infra.simulate.recording import records
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.recording import WorldRecording
from tests.support.stack import running_job

pytestmark = pytest.mark.kafka
REFITS = ("--refit-min", "3", "--refit-lead-s", "20")


@pytest.mark.timeout(900)
def test_a_replay_gives_byte_identical_commands_at_any_parallelism(stack: Stack, tmp_path: Path) -> None:
    readers = WorldRecording("mixed", 28, 25.0, seed=23, changes=WORLDS["mixed"].changes, arrive_minutes=3.0)
    readers.write(tmp_path / "readers.jsonl")
    recording = list(records(tmp_path / "readers.jsonl"))
    runs = []
    for parallelism in ("1", "2"):
        with running_job(stack, *REFITS, "--parallelism", parallelism) as job:
            assert job.settle(job.replay(recording).sent).missing == 0
            runs.append((job.commands(), job.proposals()))
    once, twice = runs
    assert len(once[0]) > 20, len(once[0])
    assert len(once[1]) >= len(once[0])
    assert once == twice
