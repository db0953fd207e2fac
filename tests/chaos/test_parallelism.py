"""Four subtasks, and rescaling through them, on half an hour of readers with refits: `make test-chaos`."""

from pathlib import Path
from threading import Thread

import pytest

from infra.local import stack as local
from infra.local.stack import Stack
from infra.simulate.recording import records
from infra.simulate.replay import Replayed
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.recording import WorldRecording
from tests.support.pieces import PiecewiseReplay, place_at
from tests.support.stack import RunningJob, running_job
from tests.support.waiting import until

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
    once = run(wide, recording, 1)
    assert len(once) > 20, len(once)
    assert run(wide, recording, 2) == once
    assert run(wide, recording, 4) == once
    assert run_rescaled(wide, recording) == once


def run(on: Stack, recording: list[bytes], parallelism: int) -> dict[str, bytes]:
    with running_job(on, *REFITS, "--parallelism", str(parallelism)) as job:
        return settled_commands(job, job.replay(recording).sent)


def run_rescaled(on: Stack, recording: list[bytes]) -> dict[str, bytes]:
    """Runs in two subtasks, then four, then one. Each start finds records that are still to be read in every partition, ticks at
    least, as behind a gateway: the time of a partition is not stored and comes again with its next record."""
    player = PiecewiseReplay(recording, [place_at(recording, at_s) for at_s in (900, 1500)])
    with running_job(on, *REFITS, "--parallelism", "2") as job:
        results: list[Replayed] = []
        sending = Thread(target=lambda: results.append(job.replay(player)), daemon=True)
        sending.start()
        player.play(0)
        wait_for_commands(job, 1)
        job.rescale(4)
        known = len(job.commands())
        player.play(1)
        wait_for_commands(job, known + 1)
        job.rescale(1)
        player.play(2)
        sending.join(60)
        return settled_commands(job, results[0].sent)


def wait_for_commands(job: RunningJob, least: int) -> None:
    until(lambda: len(job.commands()) >= least, patience_s=120)


def settled_commands(job: RunningJob, sent: int) -> dict[str, bytes]:
    assert job.settle(sent, patience_s=180).missing == 0
    assert job.restarts() == 0
    return job.commands()
